import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Forge } from '../../src/forge/forge.ts'
import type { JobContext, JobRunner, JobSpec, JobState } from '../../src/jobs/job-runner.ts'

export const commit = 'c'.repeat(40)

export function jobSpec(more: Partial<JobSpec> = {}): JobSpec {
  return {
    key: 'hello/1.0.0#1 test 1',
    name: 'unit tests',
    commit,
    notBefore: new Date('2024-05-01T10:00:00Z'),
    limitMs: 60_000,
    inputs: {},
    ...more,
  }
}

export interface JobWorld {
  readonly root: string
  readonly context: JobContext
  /** What was registered to be masked. */
  readonly masked: string[]
  remove(): Promise<void>
}

export async function jobWorld(
  environment: Readonly<Record<string, string>> = {},
  forge: Partial<Forge> = {},
): Promise<JobWorld> {
  const root = await mkdtemp(join(tmpdir(), 'hawser-jobs-'))
  const masked: string[] = []
  const context: JobContext = {
    root,
    environment: { PATH: process.env['PATH'], ...environment },
    signal: AbortSignal.timeout(60_000),
    log: () => undefined,
    maskSecret: (secret) => void masked.push(String(secret)),
    now: () => new Date(),
    forge: () => ({ location: 'the test forge', ...forge }) as Forge,
  }
  return { root, context, masked, remove: () => rm(root, { recursive: true, force: true }) }
}

/** Looks until the job is in one of these states; the test's own limit ends it. */
export async function reached(
  runner: JobRunner,
  spec: JobSpec,
  ...states: readonly JobState['state'][]
): Promise<JobState> {
  for (;;) {
    const state = await runner.poll(spec)
    if (states.includes(state.state)) return state
    await sleep(20)
  }
}

export async function logOf(runner: JobRunner, spec: JobSpec, fromByte = 0): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of runner.logs(spec, fromByte)) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}
