// A program of its own (see supervision.ts): looks after one job from its start to its end, whatever becomes of Hawser.
// argv: the job's folder. stdin: the order, as JSON. stdout: one line, "claimed" or "taken".
import { spawn } from 'node:child_process'
import { createWriteStream, type WriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { hostname } from 'node:os'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { removeQuietly } from '../../lib/atomic-file.ts'
import { runChild } from '../../lib/child.ts'
import { identityOf } from '../../lib/process-identity.ts'
import { Redactor } from '../../lib/redact.ts'
import { endStragglers, signalGroup } from './end-processes.ts'
import { type EndRecord, folderAt, type JobFolder, type ProcessRecord, writeOnce } from './job-folder.ts'
import { cleanupBytesMax, cleanupMaxMs, type Order, order } from './order.ts'

const graceMs = 5_000
const cleanupMs = 60_000
const logBytesMax = 256 * 2 ** 20

class Supervisor {
  readonly #folder: JobFolder
  readonly #order: Order
  readonly #redactor = new Redactor()
  /** Why it ends before its time. */
  #forced: EndRecord | undefined
  #force: (end: EndRecord) => void = () => undefined

  constructor(folder: JobFolder, given: Order) {
    this.#folder = folder
    this.#order = given
    for (const secret of given.secrets) this.#redactor.add(secret)
  }

  cancel(): void {
    this.#forced ??= { how: 'cancelled' }
    this.#force(this.#forced)
  }

  async supervise(): Promise<void> {
    const log = createWriteStream(this.#folder.log, { flags: 'a', mode: 0o600 })
    const end = await this.#run(log)
    await new Promise<void>((resolve) => log.end(resolve))
    await synced(this.#folder.log)
    await writeOnce(this.#folder.end, end)
    // Nobody asks for them any more. Caches with read-only folders may stay.
    for (const path of [this.#folder.home, this.#folder.temporary]) await removeQuietly(path)
  }

  async #run(log: WriteStream): Promise<EndRecord> {
    if (this.#forced !== undefined) return this.#forced
    const { program, args, cwd, environment, limitMs, id } = this.#order
    // Detached: a session and a process group of its own, which can be ended as a whole.
    const child = spawn(program, args, {
      cwd,
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = new Promise<EndRecord>((resolve) => {
      child.once('error', (error) => resolve({ how: 'not started', why: this.#redactor.text(error.message) }))
      child.once('exit', (code, signal) =>
        resolve(signal === null ? { how: 'exit', code: code ?? 0 } : { how: 'signal', signal }),
      )
    })
    const write = boundedWriter(log)
    const closed = Promise.all([child.stdout, child.stderr].map((pipe) => this.#copy(pipe, write)))
    if (child.pid !== undefined) await this.#record(child.pid)

    const forced = new Promise<EndRecord>((resolve) => {
      this.#force = resolve
      if (this.#forced !== undefined) resolve(this.#forced)
    })
    const timer = setTimeout(
      () => {
        this.#forced ??= { how: 'limit', limitMs }
        this.#force(this.#forced)
      },
      Math.min(limitMs, 2 ** 31 - 1),
    )
    const first = await Promise.race([ended, forced])
    clearTimeout(timer)
    await this.#endAll(child.pid, ended)
    await this.#takeAway(write)
    await endStragglers(id)
    // Where stragglers cannot be found, one may hold the pipes open.
    await orAfter(graceMs, closed)
    return first
  }

  async #record(pid: number): Promise<void> {
    const identity = await identityOf(pid)
    // It has ended already.
    if (identity === undefined) return
    await writeOnce(this.#folder.child, { ...identity, host: hostname(), since: new Date().toISOString() })
  }

  /** Asks first, and ends it after a while; what a program leaves behind when it ends is ended too. */
  async #endAll(pid: number | undefined, ended: Promise<EndRecord>): Promise<void> {
    for (const [program, ...args] of this.#order.cleanup) {
      if (program !== undefined) await this.#runCleanup(program, args)
    }
    if (pid === undefined) return
    if (this.#forced !== undefined && signalGroup(pid, 'SIGTERM')) {
      await orAfter(graceMs, ended)
    }
    signalGroup(pid, 'SIGKILL')
  }

  async #runCleanup(program: string, args: readonly string[]): Promise<void> {
    const { environment, cwd } = this.#order
    // How it ends does not matter: what it is to end may have ended by itself.
    await runChild(program, args, { environment, cwd, timeoutMs: cleanupMs, outputBytesMax: 1 << 20 })
  }

  async #takeAway(write: (text: string) => void): Promise<void> {
    const { environment, cwd, after } = this.#order
    for (const [program = '', ...args] of after) {
      const { end, stdout, stderr } = await runChild(program, args, {
        environment,
        cwd,
        timeoutMs: cleanupMaxMs,
        outputBytesMax: cleanupBytesMax,
      })
      write(this.#redactor.text(`${stdout}${stderr}`))
      if (end.kind !== 'exit' || end.code !== 0) write(`[the cleanup failed: ${end.kind}]\n`)
    }
  }

  async #copy(from: NodeJS.ReadableStream, write: (text: string) => void): Promise<void> {
    const take = async (pieces: AsyncIterable<unknown>): Promise<void> => {
      for await (const piece of pieces) write(String(piece))
    }
    // A pipe that breaks has nothing more to say; how the program ended is told elsewhere.
    await pipeline(from, this.#redactor.transform(), take).catch(() => undefined)
  }
}

async function orAfter(limitMs: number, event: Promise<unknown>): Promise<void> {
  const late = new AbortController()
  await Promise.race([event, sleep(limitMs, undefined, { signal: late.signal }).catch(() => undefined)])
  late.abort()
}

/** A job that prints without end must not fill the disk. */
function boundedWriter(log: WriteStream): (text: string) => void {
  let left = logBytesMax
  return (piece) => {
    if (left <= 0) return
    log.write(piece)
    left -= Buffer.byteLength(piece)
    if (left <= 0) log.write('\n[the rest is left out]\n')
  }
}

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r')
  await file.sync()
  await file.close()
}

async function main(path: string): Promise<void> {
  let supervisor: Supervisor | undefined
  let isCancelled = false
  const cancel = (): void => {
    isCancelled = true
    supervisor?.cancel()
  }
  process.on('SIGTERM', cancel)
  process.on('SIGINT', cancel)
  process.on('SIGHUP', () => undefined)
  // Whoever started us may be gone before we say so.
  process.stdout.on('error', () => undefined)

  const written = await text(process.stdin)
  // The starter died while it wrote: then nothing was started, and the next one starts anew.
  if (!written.endsWith('\n')) return
  const given = order.parse(JSON.parse(written))
  const identity = await identityOf(process.pid)
  if (identity === undefined) throw new Error('This process does not find itself among the processes')
  const folder = folderAt(path)
  const self: ProcessRecord = { ...identity, host: hostname(), since: new Date().toISOString() }
  const isOurs = await writeOnce(folder.owner, self)
  process.stdout.write(isOurs ? 'claimed\n' : 'taken\n')
  process.stdout.end()
  if (!isOurs) return
  supervisor = new Supervisor(folder, given)
  if (isCancelled) supervisor.cancel()
  await supervisor.supervise()
}

await main(process.argv[2] ?? '')
