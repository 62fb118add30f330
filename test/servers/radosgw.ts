import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { mustRun } from '../clients/command.ts'
import { freePorts } from './ports.ts'

/** A real S3 service: Ceph's radosgw over one monitor and one object store in memory. */
export interface Radosgw {
  readonly endpoint: string
  readonly client: S3Client
  /** A new, empty bucket. */
  bucket(): Promise<string>
  stop(): Promise<void>
}

const credentials = { accessKeyId: 'testkey', secretAccessKey: 'testsecret' }
const startLimitMs = 60_000

/** Credentials go into the environment, where the SDK's default chain finds them. */
export async function startRadosgw(): Promise<Radosgw> {
  const folder = await mkdtemp(join(tmpdir(), 'hr-'))
  const daemons = new Daemons(folder)
  try {
    const endpoint = await startCluster(folder, daemons)
    process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId
    process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
    return {
      endpoint,
      client,
      async bucket() {
        const name = `test-${randomUUID()}`
        await client.send(new CreateBucketCommand({ Bucket: name }))
        return name
      },
      async stop() {
        client.destroy()
        await daemons.stop()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    const log = await daemons.lastWords()
    await daemons.stop()
    await rm(folder, { recursive: true, force: true })
    throw new Error(`radosgw did not start: ${String(error)}\n${log}`, { cause: error })
  }
}

/** Child processes that end with this one, whatever happens to it. */
class Daemons {
  readonly #folder: string
  readonly #running: ChildProcess[] = []

  constructor(folder: string) {
    this.#folder = folder
  }

  start(command: string, args: readonly string[]): void {
    const log = createWriteStream(join(this.#folder, `${command}.out`))
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    this.#running.push(child)
  }

  async stop(): Promise<void> {
    for (const child of this.#running.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      // Nothing in memory is worth an orderly end.
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }

  async lastWords(): Promise<string> {
    const logs = await Promise.all(
      ['ceph-mon', 'ceph-osd', 'radosgw'].map((name) =>
        readFile(join(this.#folder, `${name}.out`), 'utf8').catch(() => ''),
      ),
    )
    return logs.map((log) => log.slice(-2000)).join('\n')
  }
}

async function startCluster(folder: string, daemons: Daemons): Promise<string> {
  const [port = 0, monitor = 0, monitorOld = 0] = await freePorts(3)
  for (const name of ['run', 'log', 'mon', 'osd.0', 'rgw']) await mkdir(join(folder, name))
  const config = join(folder, 'ceph.conf')
  const id = randomUUID()
  await writeFile(config, cephConfig(folder, { id, port, monitor, monitorOld }))
  const ceph = (...args: string[]) => mustRun('ceph', ['-c', config, '--connect-timeout', '20', ...args])

  await makeKeyring(folder)
  const map = join(folder, 'monmap')
  const addresses = `[v2:127.0.0.1:${monitor},v1:127.0.0.1:${monitorOld}]`
  await mustRun('monmaptool', ['--create', '--fsid', id, '--addv', 'a', addresses, map])
  const keyring = join(folder, 'keyring')
  await mustRun('ceph-mon', ['-c', config, '-i', 'a', '--mkfs', '--monmap', map, '--keyring', keyring])
  daemons.start('ceph-mon', ['-c', config, '-i', 'a', '-f'])
  await ceph('mon', 'enable-msgr2')

  const store = randomUUID()
  await ceph('osd', 'new', store, '0')
  await mustRun('ceph-osd', ['-c', config, '-i', '0', '--mkfs', '--osd-uuid', store])
  daemons.start('ceph-osd', ['-c', config, '-i', '0', '-f'])
  await until(async () => (await ceph('osd', 'stat')).includes('1 up'))

  daemons.start('radosgw', ['-c', config, '-n', 'client.rgw', '-f'])
  const endpoint = `http://127.0.0.1:${port}`
  await until(async () => (await fetch(endpoint)).ok)
  const { accessKeyId, secretAccessKey } = credentials
  const user = [
    '--uid=test',
    '--display-name=test',
    `--access-key=${accessKeyId}`,
    `--secret-key=${secretAccessKey}`,
  ]
  await mustRun('radosgw-admin', ['-c', config, 'user', 'create', ...user, '--caps=users=*;buckets=*'])
  return endpoint
}

async function makeKeyring(folder: string): Promise<void> {
  const keyring = join(folder, 'keyring')
  const users: readonly (readonly [name: string, caps: readonly string[]])[] = [
    ['mon.', ['mon', 'allow *']],
    ['client.admin', ['mon', 'allow *', 'osd', 'allow *', 'mgr', 'allow *']],
    ['osd.0', ['mon', 'allow profile osd', 'osd', 'allow *']],
    ['client.rgw', ['mon', 'allow rw', 'osd', 'allow rwx']],
  ]
  for (const [index, [name, caps]] of users.entries()) {
    const flags = caps.flatMap((cap, at) => (at % 2 === 0 ? ['--cap', cap] : [cap]))
    await mustRun('ceph-authtool', [
      ...(index === 0 ? ['--create-keyring'] : []),
      keyring,
      '--gen-key',
      '-n',
      name,
      ...flags,
    ])
  }
}

/** Asks until the answer is yes; a failure is a no. The question itself takes its time, so the pause is short. */
async function until(isReady: () => Promise<boolean>): Promise<void> {
  const start = performance.now()
  for (;;) {
    if (await isReady().catch(() => false)) return
    if (performance.now() - start > startLimitMs) throw new Error(`not ready after ${startLimitMs} ms`)
    await pause(50)
  }
}

interface Addresses {
  readonly id: string
  readonly port: number
  readonly monitor: number
  readonly monitorOld: number
}

/** One monitor and one object store in memory; short intervals, else each new pool takes seconds. */
function cephConfig(folder: string, { id, port, monitor, monitorOld }: Addresses): string {
  return `[global]
fsid = ${id}
mon_host = [v2:127.0.0.1:${monitor}/0,v1:127.0.0.1:${monitorOld}/0]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
run_dir = ${folder}/run
log_file = ${folder}/log/$name.log
admin_socket = ${folder}/run/$name.$pid.asok
pid_file = ${folder}/run/$name.pid
keyring = ${folder}/keyring
mon_cluster_log_file = ${folder}/log/cluster.log
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 2000
mon_data_avail_crit = 1
mon_data_avail_warn = 2
mon_osd_min_down_reporters = 1
osd_mon_report_interval = 1
osd_heartbeat_interval = 1
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
osd_objectstore = memstore
memstore_device_bytes = 4294967296
[mon.a]
mon_data = ${folder}/mon
[osd.0]
osd_data = ${folder}/osd.0
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:${port} tcp_nodelay=1
rgw_data = ${folder}/rgw
rgw_dns_name = localhost
rgw_enable_usage_log = false
rgw_thread_pool_size = 32
`
}
