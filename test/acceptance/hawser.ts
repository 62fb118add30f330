import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

export interface HawserOptions {
  readonly cwd?: string
  readonly environment?: NodeJS.ProcessEnv
  readonly timeoutMs?: number
  /** More arguments of Node itself. */
  readonly nodeArgs?: readonly string[]
  /** Runs it through a shell line that ends in `exec "$@"`, for example with another umask. */
  readonly shell?: string
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningHawser {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves as soon as stderr has the text; rejects when the command ends without it. */
  says(text: string): Promise<void>
}

const bin = join(import.meta.dirname, '../../bin/hawser.js')

/** For shells. */
export const hawserCommand = `${process.execPath} ${bin}`

/** The CLI as people start it, in a process group of its own as a shell gives it one. */
export function startHawser(args: readonly string[], options: HawserOptions): RunningHawser {
  const command = [process.execPath, ...(options.nodeArgs ?? []), bin, ...args]
  const [program = '', ...rest] =
    options.shell === undefined ? command : ['/bin/sh', '-c', options.shell, 'sh', ...command]
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: options.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const output = { stdout: '', stderr: '' }
  const heard = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      for (const listener of heard) listener()
    })
  }
  const ended = endOf(child, output, options.timeoutMs ?? 120_000)
  const says = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!output.stderr.includes(text)) return
        heard.delete(look)
        resolve()
      }
      heard.add(look)
      look()
      ended.then(() => reject(new Error(`It ended without saying "${text}":\n${output.stderr}`)), reject)
    })
  return { child, ended, says }
}

function endOf(
  child: ChildProcess,
  output: { readonly stdout: string; readonly stderr: string },
  timeoutMs: number,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      killGroup(child)
      reject(new Error(`hawser did not end within ${timeoutMs} ms:\n${output.stdout}\n${output.stderr}`))
    }, timeoutMs)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, ...output })
    })
  })
}

/** What `kill -9` of a terminal's job does: the CLI and its git; the engine's server has a session of its own. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
