import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { TransientError } from '../../errors.ts'
import { identityOf, isAlive, type ProcessIdentity } from '../../lib/process-identity.ts'
import { pause } from '../../pipeline/pause.ts'
import type { ServerPaths } from './server-config.ts'
import type { SocketClient } from './socket-client.ts'

export interface RunningServer {
  readonly pid: number
  readonly exited: Promise<void>
  hasExited(): boolean
  stop(): Promise<void>
}

/**
 * The shell leaves a watcher behind and becomes the server. The watcher reads a pipe that we hold: when it ends without
 * a line, we died, and it ends the server, so that no daemon is left on a CI machine. State is durable, and a new start
 * takes a tenth of a second.
 */
const script = `server=$$
(
  if ! read -r _ <&3; then
    kill -TERM "$server"
    tries=0
    while kill -0 "$server" 2>/dev/null && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -KILL "$server" 2>/dev/null
  fi
) &
exec "$@" 3<&-`

const stopMs = 15_000

/** Starts the server in a session of its own, so that Ctrl-C ends the CLI in its own order. */
export async function startServer(binary: string, paths: ServerPaths): Promise<RunningServer> {
  const log = openSync(paths.log, 'a', 0o600)
  const child = spawn(
    '/bin/sh',
    ['-c', script, 'sh', binary, '--config-file', paths.config, '--base-dir', paths.data, '--no-logo'],
    { stdio: ['ignore', log, log, 'pipe'], detached: true, cwd: paths.folder, env: serverEnvironment() },
  )
  closeSync(log)
  const exited = exitOf(child)
  const pid = child.pid
  if (pid === undefined) throw await spawnFailure(child)
  const identity = await identityOf(pid)
  if (identity !== undefined) await record(paths.pid, identity)
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null
  return { pid, exited, hasExited, stop: () => stopChild(child, exited) }
}

async function record(path: string, identity: ProcessIdentity): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(identity), { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/** Secrets of the CLI's environment are none of the server's business. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env
  return {
    DO_NOT_TRACK: '1',
    PATH: PATH ?? '/usr/bin:/bin',
    ...(HOME !== undefined && { HOME }),
    ...(TMPDIR !== undefined && { TMPDIR }),
  }
}

async function exitOf(child: ChildProcess): Promise<void> {
  const gone = Promise.withResolvers<void>()
  child.once('exit', () => gone.resolve())
  child.once('error', () => gone.resolve())
  await gone.promise
  const lifeline = child.stdio[3]
  // The line tells the watcher that there is nothing left to end.
  if (lifeline instanceof Socket) lifeline.on('error', () => lifeline.destroy()).end('over\n')
}

async function spawnFailure(child: ChildProcess): Promise<Error> {
  const [cause] = await once(child, 'error')
  return new TransientError('ENGINE_START', 'The engine could not be started.', { cause })
}

async function stopChild(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
  await exited
  clearTimeout(timer)
}

/**
 * Ends what a CLI that was killed may have left, while its watcher is still at it. Only under the folder's lock: two
 * servers on one folder steal each other's sockets.
 */
export async function endOrphan(paths: ServerPaths, signal: AbortSignal): Promise<void> {
  const orphan = await recordedServer(paths.pid)
  if (orphan !== undefined) await endProcess(orphan, signal)
  await rm(paths.pid, { force: true })
}

async function recordedServer(path: string): Promise<ProcessIdentity | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  const found = /^\{"pid":(\d+),"started":"([^"]+)"\}$/.exec(text)
  if (found?.[1] === undefined || found[2] === undefined) throw new Error(`${path} does not name a process`)
  return { pid: Number(found[1]), started: found[2] }
}

async function endProcess(orphan: ProcessIdentity, signal: AbortSignal): Promise<void> {
  const killAt = performance.now() + stopMs
  let how: NodeJS.Signals = 'SIGTERM'
  while (await isAlive(orphan)) {
    try {
      process.kill(orphan.pid, how)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return
      throw error
    }
    await pause(20, signal)
    if (performance.now() > killAt) how = 'SIGKILL'
  }
}

/** Returns when the server answers; fails when it ends before, or at the deadline. */
export async function serverReady(
  server: RunningServer,
  admin: SocketClient,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    if (await isHealthy(admin)) return
    if (server.hasExited()) {
      throw new TransientError('ENGINE_START', 'The engine ended while it was starting.', {
        hint: 'See server.log in the folder of the engine.',
      })
    }
    await pause(5, signal)
  }
}

async function isHealthy(admin: SocketClient): Promise<boolean> {
  try {
    return (await admin.send({ method: 'GET', path: '/health' })).status === 200
  } catch (error) {
    if (error instanceof TransientError) return false
    throw error
  }
}
