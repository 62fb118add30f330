import { spawn } from 'node:child_process'
import { open, readdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { extname, join, relative, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TransientError } from '../../errors.ts'
import { codeOf, fileSystemError, makeFolder } from '../../lib/atomic-file.ts'
import { allowedEnvironment } from '../../lib/child.ts'
import { isAlive } from '../../lib/process-identity.ts'
import type { JobContext, JobFile, JobSpec, JobState } from '../job-runner.ts'
import { endStragglers, processesOf, signalGroup } from './end-processes.ts'
import {
  type EndRecord,
  type JobFolder,
  jobFolder,
  jobId,
  type ProcessRecord,
  readEnd,
  readProcess,
  writeOnce,
} from './job-folder.ts'
import { cleanupMaxMs, type Order } from './order.ts'
import { readOutputs } from './outputs.ts'

/** The program of a job; what limits it is in the spec. */
export type SupervisedCommand = Pick<
  Order,
  'program' | 'args' | 'cwd' | 'environment' | 'secrets' | 'cleanup' | 'after'
>

const startMaxMs = 30_000
/** Ending, and then the cleanup. */
const cancelMaxMs = 90_000 + cleanupMaxMs
/** What ending a job that ran into its limit may take, beyond it. */
const endingMs = 120_000 + cleanupMaxMs

/** Starts the job once: of several starters, the first whose supervisor claims the folder. */
export async function startSupervised(
  spec: JobSpec,
  context: JobContext,
  command: () => Promise<SupervisedCommand>,
): Promise<void> {
  const folder = jobFolder(context.root, spec.key)
  if ((await readProcess(folder.owner)) !== undefined) return
  for (const path of [folder.path, folder.artifacts, folder.home, folder.temporary]) await makeFolder(path)
  const given: Order = { ...(await command()), id: await jobId(folder), limitMs: spec.limitMs }
  await superviseDetached(folder, given, context)
}

/** A program of its own, so that the job has a limit, a log and an end when we are gone. */
async function superviseDetached(folder: JobFolder, given: Order, context: JobContext): Promise<void> {
  const program = join(import.meta.dirname, `job-supervisor${extname(import.meta.filename)}`)
  const errors = await open(join(folder.path, 'supervisor.log'), 'a', 0o600)
  try {
    const child = spawn(process.execPath, [program, folder.path], {
      cwd: context.root,
      env: { ...allowedEnvironment(context.environment) },
      detached: true,
      stdio: ['pipe', 'pipe', errors.fd],
      windowsHide: true,
    })
    const { stdin, stdout } = child
    if (stdin === null || stdout === null) throw new Error('A child started with pipes has them')
    const said = firstOutput(stdout)
    // A supervisor that does not read its order says nothing either.
    stdin.on('error', () => undefined)
    stdin.end(`${JSON.stringify(given)}\n`)
    const late = new AbortController()
    const answer = await Promise.race([
      said,
      new Promise<string>((resolve) => child.once('error', (error) => resolve(error.message))),
      sleep(startMaxMs, 'no answer', { signal: late.signal }).catch(() => ''),
    ])
    late.abort()
    child.unref()
    stdout.destroy()
    if (answer.trim() !== 'claimed' && answer.trim() !== 'taken') throw notStarted(folder, answer)
  } finally {
    await errors.close()
  }
}

function firstOutput(from: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve) => {
    from.once('data', (piece: Buffer) => resolve(String(piece)))
    from.once('end', () => resolve('it ended'))
  })
}

const notStarted = (folder: JobFolder, answer: string): TransientError =>
  new TransientError('JOB_START', `The supervisor of the job did not start: ${answer.trim()}.`, {
    hint: `See supervisor.log in "${folder.path}".`,
  })

/** `lost`: the supervisor was ended from outside, and so nobody saw how the job ended, or whether it has. */
export type SupervisedState = JobState | { readonly state: 'lost'; readonly since: Date }

export async function pollSupervised(spec: JobSpec, context: JobContext): Promise<SupervisedState> {
  const folder = jobFolder(context.root, spec.key)
  const end = await readEnd(folder.end)
  if (end !== undefined) return stateAtEnd(end, folder, spec)
  const owner = await readProcess(folder.owner)
  if (owner === undefined) return { state: 'absent' }
  const running: JobState = { state: 'running', since: new Date(owner.since) }
  if (await mayLive(owner, spec, context)) return running
  // It may have ended since we looked for its end.
  const endAfterAll = await readEnd(folder.end)
  if (endAfterAll !== undefined) return stateAtEnd(endAfterAll, folder, spec)
  const child = await readProcess(folder.child)
  // The supervisor may have been ended before it could say what it had started.
  const lives =
    child === undefined
      ? (await processesOf(await jobId(folder))).length > 0
      : await mayLive(child, spec, context)
  if (lives) return running
  return { state: 'lost', since: new Date(owner.since) }
}

/** Processes of another machine cannot be seen: they count for as long as the job may take. */
async function mayLive(record: ProcessRecord, spec: JobSpec, { now }: JobContext): Promise<boolean> {
  if (record.host === hostname()) return isAlive(record)
  return now().getTime() < Date.parse(record.since) + spec.limitMs + endingMs
}

async function stateAtEnd(end: EndRecord, folder: JobFolder, spec: JobSpec): Promise<JobState> {
  switch (end.how) {
    case 'exit':
      if (end.code === 0) return { state: 'succeeded', outputs: await readOutputs(folder.outputs, spec.name) }
      return { state: 'failed', reason: `it ended with exit code ${end.code}`, exitCode: end.code }
    case 'signal':
      return { state: 'failed', reason: `it was ended by ${end.signal}` }
    case 'limit':
      return { state: 'failed', reason: `it did not end within its limit of ${end.limitMs / 1000} s` }
    case 'not started':
      return { state: 'failed', reason: `it could not be started: ${end.why}` }
    case 'cancelled':
      return { state: 'cancelled' }
  }
}

/** What a job is whose end nobody saw. */
export const lostJob: JobState = {
  state: 'failed',
  reason: 'it was ended from outside, together with its supervisor',
}

/** Asks the supervisor to end the job; where it is gone, ends what is left of the job here. */
export async function cancelSupervised(
  spec: JobSpec,
  context: JobContext,
  cleanup: () => Promise<void>,
): Promise<void> {
  const folder = jobFolder(context.root, spec.key)
  const owner = await readProcess(folder.owner)
  if (owner === undefined || (await readEnd(folder.end)) !== undefined) return
  if (owner.host !== hostname()) throw elsewhere(spec, owner)
  const endsAt = performance.now() + cancelMaxMs
  while ((await isAlive(owner)) && performance.now() < endsAt) {
    signalSupervisor(owner)
    await sleep(50, undefined, { signal: context.signal })
    if ((await readEnd(folder.end)) !== undefined) return
  }
  if (await isAlive(owner)) throw stubborn(spec)
  const child = await readProcess(folder.child)
  if (child !== undefined && (await isAlive(child))) signalGroup(child.pid, 'SIGKILL')
  const id = await jobId(folder)
  await endStragglers(id)
  await cleanup()
  await endStragglers(id)
  await writeOnce(folder.end, { how: 'cancelled' })
}

function signalSupervisor({ pid }: ProcessRecord): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}

const elsewhere = (spec: JobSpec, { host }: ProcessRecord): TransientError =>
  new TransientError('JOB_ELSEWHERE', `The job "${spec.name}" runs on "${host}", and cannot be ended here.`, {
    hint: `Cancel the run there; by itself the job ends at its limit of ${spec.limitMs / 1000} s.`,
  })

const stubborn = (spec: JobSpec): TransientError =>
  new TransientError('JOB_STAYS', `The job "${spec.name}" does not end.`, {
    hint: 'Look for its processes, and end them by hand.',
  })

export async function* logsSupervised(
  spec: JobSpec,
  context: JobContext,
  fromByte: number,
): AsyncGenerator<Uint8Array> {
  const { log } = jobFolder(context.root, spec.key)
  try {
    const file = await open(log, 'r')
    yield* file.createReadStream({ start: fromByte })
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw fileSystemError(error, 'read', log)
  }
}

/** Links are left out: they could bring in any file of the machine. */
export async function filesSupervised(spec: JobSpec, context: JobContext): Promise<readonly JobFile[]> {
  const { artifacts } = jobFolder(context.root, spec.key)
  try {
    const entries = await readdir(artifacts, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => ({ file, path: relative(artifacts, file).split(sep).join('/') }))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw fileSystemError(error, 'read the folder', artifacts)
  }
}
