import { spawn } from 'node:child_process'

export interface ChildOptions {
  readonly cwd: string
  /** The whole environment of the child; see `allowedEnvironment`. */
  readonly environment: Environment
  readonly input?: Uint8Array | string
  readonly signal?: AbortSignal
  readonly timeoutMs: number
  readonly outputBytesMax: number
}

export type Environment = { readonly [name: string]: string | undefined }

/** How a child ended. Only `exit` with code 0 is a success; what the others mean is the caller's to say. */
export type ChildEnd =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'output too large' }
  | { readonly kind: 'not started'; readonly error: NodeJS.ErrnoException }

export interface ChildResult {
  readonly end: ChildEnd
  readonly stdout: Buffer
  readonly stderr: string
}

const everywhere = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'XDG_CONFIG_HOME', 'XDG_RUNTIME_DIR']
const windows = ['SystemRoot', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA', 'TEMP', 'TMP', 'PATHEXT', 'ComSpec']

/** The few variables that a child needs to work; tokens and passphrases of ours are not among them. */
export function allowedEnvironment(environment: Environment, alsoNames: readonly string[] = []): Environment {
  const names = [...everywhere, ...windows, ...alsoNames].filter((name) => environment[name] !== undefined)
  return { ...Object.fromEntries(names.map((name) => [name, environment[name]])), LC_ALL: 'C', LANG: 'C' }
}

/**
 * Runs a program to its end, without a terminal to prompt on, in its own process group, which is ended as a whole
 * at the time limit, at the output limit, or on `signal` (then the signal's reason is thrown).
 */
export async function runChild(
  program: string,
  args: readonly string[],
  options: ChildOptions,
): Promise<ChildResult> {
  options.signal?.throwIfAborted()
  const result = await new Promise<ChildResult>((resolve) => observe(program, args, options, resolve))
  options.signal?.throwIfAborted()
  return result
}

function observe(
  program: string,
  args: readonly string[],
  options: ChildOptions,
  resolve: (result: ChildResult) => void,
): void {
  // Detached means setsid: no controlling terminal, so ssh and friends fail instead of asking; and one group to end.
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...options.environment },
    stdio: 'pipe',
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  let sizeBytes = 0
  let forced: ChildEnd | undefined

  const stop = (end: ChildEnd | undefined): void => {
    forced ??= end
    endGroup(child.pid, () => child.kill('SIGKILL'))
  }
  const collect = (chunks: Buffer[]) => (chunk: Buffer) => {
    sizeBytes += chunk.length
    if (sizeBytes <= options.outputBytesMax) chunks.push(chunk)
    else stop({ kind: 'output too large' })
  }
  const timer = setTimeout(() => stop({ kind: 'timeout' }), options.timeoutMs)
  const onAbort = (): void => stop(undefined)
  options.signal?.addEventListener('abort', onAbort, { once: true })
  const settle = (end: ChildEnd): void => {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', onAbort)
    resolve({ end: forced ?? end, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() })
  }

  child.stdout.on('data', collect(stdout))
  child.stderr.on('data', collect(stderr))
  // A child that does not read all of its input (EPIPE) says why with its exit code.
  child.stdin.on('error', () => child.stdin.destroy())
  child.stdin.end(options.input)
  child.on('error', (error) => {
    if (child.pid === undefined) settle({ kind: 'not started', error })
  })
  child.on('close', (code, signal) => {
    if (child.pid === undefined) return
    settle(signal === null ? { kind: 'exit', code: code ?? 0 } : { kind: 'signal', signal })
  })
}

function endGroup(pid: number | undefined, otherwise: () => void): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // No group on this platform, or it has ended already; then this has no effect either.
    otherwise()
  }
}
