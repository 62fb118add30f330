import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeDebs } from '../../bench/repositories/debs.ts'
import { makeRpms } from '../../bench/repositories/rpms.ts'
import { publishPackages } from '../../src/repositories/publish.ts'
import type { PackageInput, RepositoryFormat } from '../../src/repositories/repository-format.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { s3Options } from '../../src/storage/s3/s3.ts'
import { s3Storage } from '../../src/storage/s3/s3-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { AptClient } from '../clients/apt.ts'
import type { CommandResult } from '../clients/command.ts'
import { DnfClient } from '../clients/dnf.ts'
import { type Radosgw, startRadosgw } from '../servers/radosgw.ts'
import { serveFolder } from '../servers/static-http.ts'
import { aptFormat, inputOf as debInput, makeKey, now, type TestKey } from './apt-world.ts'
import { dnfFormat, inputOf as rpmInput } from './dnf-world.ts'

// HAWSER_READERS_ALL=1: through 500 publishes.
const publishes = process.env['HAWSER_READERS_ALL'] === '1' ? 500 : 40

let folder: string
let key: TestKey
let server: Radosgw
const inputs: { apt: PackageInput[]; dnf: PackageInput[] } = { apt: [], dnf: [] }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hd-'))
  key = await makeKey()
  server = await startRadosgw()
  inputs.apt = await Promise.all(
    makeDebs(join(folder, 'debs'), 0, publishes + 1).map(({ file }) => debInput(file)),
  )
  inputs.dnf = await Promise.all((await makeRpms(join(folder, 'rpms'), 0, publishes + 1)).map(rpmInput))
}, 300_000)
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

interface Place {
  readonly storage: Storage
  readonly url: string
  close(): Promise<void>
}

const places: { readonly [name: string]: (kind: string) => Promise<Place> } = {
  'a folder behind a web server': async (kind) => {
    const path = join(folder, kind)
    const storage = fileStorage(path)
    const web = await serveFolder(path)
    return { storage, url: web.url, close: () => web.close() }
  },
  'a bucket': async () => {
    const options = {
      bucket: await server.bucket(),
      endpoint: server.endpoint,
      region: 'us-east-1',
      acl: 'public-read',
    }
    const storage = s3Storage(s3Options.parse(options))
    return { storage, url: storage.url, close: async () => undefined }
  },
}

interface Reading {
  readonly runs: number
  readonly failures: readonly string[]
}

/** Reads again and again, with 50 ms in between, while the work goes on. */
async function readingDuring(work: Promise<unknown>, read: () => Promise<CommandResult>): Promise<Reading> {
  let isOver = false
  const over = work.finally(() => {
    isOver = true
  })
  const failures: string[] = []
  let runs = 0
  while (!isOver) {
    const { status, stdout, stderr } = await read()
    runs++
    // apt says what went wrong with an index, and goes on with the old one.
    if (status !== 0 || /^(W|E|Err):?/m.test(stdout + stderr)) failures.push(`${stdout}\n${stderr}`)
    await pause(50)
  }
  await over
  return { runs, failures }
}

async function publishAll(
  format: RepositoryFormat,
  { storage, url }: Place,
  packages: readonly PackageInput[],
  pauseMs = 0,
): Promise<void> {
  for (const input of packages) {
    const signing = { signers: [key.signer], verifier: key.verifier }
    await publishPackages({
      format,
      storage,
      ...signing,
      name: 'test',
      publicUrl: url,
      date: now,
      additions: [input],
    })
    await pause(pauseMs)
  }
}

describe.each(Object.keys(places))('in %s', (place) => {
  test(`apt-get update through ${publishes} publishes never stumbles`, { timeout: 900_000 }, async () => {
    const opened = await places[place]?.('apt')
    if (opened === undefined) throw new Error('no such place')
    const [first, ...others] = inputs.apt
    const format = aptFormat({ architectures: ['amd64'] })
    await publishAll(format, opened, first === undefined ? [] : [first])
    const client = await AptClient.create(join(folder, `apt-${place.length}`))
    const sources = Buffer.from((await (await opened.storage.get('test.sources'))?.bytes()) ?? [])
    const keyring = (await (await opened.storage.get('test.gpg'))?.bytes()) ?? new Uint8Array(0)
    await client.useSources(sources.toString(), keyring)

    const reading = await readingDuring(publishAll(format, opened, others), () => client.get('update'))

    expect(reading.failures).toEqual([])
    expect(reading.runs).toBeGreaterThan(3)
    // A new client: of two publishes within one second HTTP dates tell no difference, so the other may still wait.
    const fresh = await AptClient.create(join(folder, `apt-fresh-${place.length}`))
    await fresh.useSources(sources.toString(), keyring)
    await fresh.get('update')
    expect(await fresh.available()).toHaveLength(publishes + 1)
    await opened.close()
  })

  // repomd.xml and its signature are two objects. dnf reads a pair that does not fit once more, 35 to 75 ms later, so a
  // reader that checks the signature is safe when publishes are further apart than that; others always are.
  test.each([
    { checks: 'with repo_gpgcheck, publishes 150 ms apart', gpgcheck: '1', pauseMs: 150 },
    { checks: 'without repo_gpgcheck, one publish after the other', gpgcheck: '0', pauseMs: 0 },
  ])(
    `dnf makecache $checks: through ${publishes} publishes it never stumbles`,
    { timeout: 900_000 },
    async ({ gpgcheck, pauseMs }) => {
      const opened = await places[place]?.(`dnf-${gpgcheck}`)
      if (opened === undefined) throw new Error('no such place')
      const [first, ...others] = inputs.dnf
      const format = dnfFormat({ unsignedPackages: 'allow' })
      await publishAll(format, opened, first === undefined ? [] : [first])
      const repository = { id: 'test', baseUrl: opened.url, keyUrls: [`${opened.url}/RPM-GPG-KEY-test`] }
      const client = await DnfClient.create(join(folder, `dnf-${gpgcheck}-${place.length}`), repository)
      const settings = ['--setopt=metadata_expire=0', `--setopt=test.repo_gpgcheck=${gpgcheck}`]
      const makecache = () => client.run(...settings, 'makecache')
      // The key is imported by the first one.
      expect(await makecache()).toMatchObject({ status: 0 })

      const reading = await readingDuring(publishAll(format, opened, others, pauseMs), makecache)
      await makecache()

      expect(reading.failures).toEqual([])
      expect(reading.runs).toBeGreaterThan(3)
      const { stdout } = await client.run(...settings, 'repoquery', '--available', '--queryformat', '%{name}')
      expect(stdout.split('\n').filter((line) => line.startsWith('sample-'))).toHaveLength(publishes + 1)
      await opened.close()
    },
  )
})
