import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startTokenService, type TokenService } from './docker-tokens.ts'
import { freePorts } from './ports.ts'

/** Whom it lets in: everybody, users of an htpasswd file, or bearers of tokens from a token service. */
export type RegistryAuth = 'none' | 'basic' | 'token'

/** Debian's docker-registry, with its files in a folder of its own. */
export interface DockerRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string
  /** Where the token service was started, requests that it got. */
  readonly tokens: TokenService | undefined
  /** Forgets everything. */
  empty(): Promise<void>
  stop(): Promise<void>
}

/** Who is let in, where somebody has to be. */
export const login = { username: 'user', password: 'pass-word' }
/** bcrypt of the password. */
const htpasswd = 'user:$2y$04$kFMCxoSo28UvwkS5lCHyS.ftDgcKRd34YoFmklZuAXsJxzE61NCci\n'
const startLimitMs = 30_000

export async function startDockerRegistry(auth: RegistryAuth = 'none'): Promise<DockerRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-registry-'))
  const [port = 0] = await freePorts(1)
  const host = `127.0.0.1:${port}`
  const tokens = auth === 'token' ? await startTokenService(folder, login) : undefined
  await writeFile(join(folder, 'htpasswd'), htpasswd)
  await writeFile(join(folder, 'config.yml'), config(folder, host, authConfig(folder, auth, tokens)))
  let running = await start(folder, host)
  return {
    host,
    tokens,
    async empty() {
      await end(running)
      await rm(join(folder, 'data'), { recursive: true, force: true })
      running = await start(folder, host)
    },
    async stop() {
      await end(running)
      await tokens?.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Ends with this process, whatever happens to it. */
async function start(folder: string, host: string): Promise<ChildProcess> {
  await mkdir(join(folder, 'data'), { recursive: true })
  const log = join(folder, 'log')
  const command = ['docker-registry', 'serve', join(folder, 'config.yml')]
  const script = `exec setpriv --pdeathsig KILL ${command.join(' ')} >>${log} 2>&1`
  const child = spawn('sh', ['-c', script], { stdio: 'ignore' })
  const startedMs = performance.now()
  while (!(await answers(host))) {
    if (child.exitCode !== null || performance.now() - startedMs > startLimitMs) {
      child.kill('SIGKILL')
      throw new Error(`docker-registry did not start:\n${await readFile(log, 'utf8').catch(() => '')}`)
    }
    await pause(20)
  }
  // Another server may have got the port in between, and have answered.
  if (child.exitCode !== null)
    throw new Error(`docker-registry ended:\n${await readFile(log, 'utf8').catch(() => '')}`)
  return child
}

async function answers(host: string): Promise<boolean> {
  try {
    const { status } = await fetch(`http://${host}/v2/`)
    return status === 200 || status === 401
  } catch {
    // It does not listen yet.
    return false
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

function authConfig(folder: string, auth: RegistryAuth, tokens: TokenService | undefined) {
  if (auth === 'basic') return `auth:\n  htpasswd:\n    realm: test\n    path: ${folder}/htpasswd\n`
  if (tokens === undefined) return ''
  const { realm, service, issuer, certificate } = tokens
  return `auth:
  token:
    realm: ${realm}
    service: ${service}
    issuer: ${issuer}
    rootcertbundle: ${certificate}
`
}

const config = (folder: string, host: string, auth: string): string => `version: 0.1
log:
  level: error
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: ${folder}/data
  delete:
    enabled: true
http:
  addr: ${host}
${auth}`
