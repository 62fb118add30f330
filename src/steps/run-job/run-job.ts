import { UserError } from '../../errors.ts'
import type { JobRunner, JobState } from '../../jobs/job-runner.ts'
import type { Probe, Step, StepContext } from '../../pipeline/step.ts'
import { openForge } from '../forge-choice.ts'
import { openJobRunner } from '../job-choice.ts'
import { collectArtifacts } from './collect-artifacts.ts'
import { jobSpec } from './job-spec.ts'
import { lastLines, logArtifact } from './log-artifact.ts'
import { type Options, options, type Result } from './options.ts'

/** The newest attempt at the job, and what became of it; `published` when the release is out and needs no jobs any more. */
type Evidence = { readonly attempt: number; readonly state: JobState } | { readonly published: string }

/**
 * Runs a job once for this run of the release, or waits for one that others run. Between two looks nothing of ours is held:
 * the job goes on when we are killed, and is found again. A failed job is started anew only as often as `attemptsMax` says.
 */
export const runJob: Step<Options, Result, Evidence> = {
  name: 'run-job',
  describe: 'Runs a job and waits for its end; failure of the job is failure of the step.',
  options,
  async probe(written, context): Promise<Probe<Evidence>> {
    const published = await publishedRelease(written, context)
    if (published !== undefined) return { state: 'present', evidence: { published } }
    // While a plan is made there is no run yet that a job could belong to.
    if (context.execution === undefined) return { state: 'absent' }
    const runner = openJobRunner(written.job, written.forge, context)
    return { state: 'present', evidence: await newestAttempt(runner, written, context) }
  },
  decide({ name, againAfterMs, attemptsMax }, probe) {
    const summary = `run the job ${name}`
    const begins = { whom: `the job ${name}`, againAfterMs }
    if (probe.state !== 'present') return { kind: 'create', summary }
    const { evidence } = probe
    if ('published' in evidence) {
      const result = { attempt: 0, outputs: {}, artifacts: [] }
      return { kind: 'keep', summary: `${evidence.published} is published; ${name} was done for it`, result }
    }
    const { state, attempt } = evidence
    if (state.state === 'running') {
      return {
        kind: 'wait',
        summary: state.note ?? `${name} is running`,
        whom: state.url ?? begins.whom,
        againAfterMs,
      }
    }
    const isNext = state.state === 'absent' || (hasFailed(state) && attempt < attemptsMax)
    return isNext ? { kind: 'create', summary, begins } : { kind: 'create', summary }
  },
  async act(change, written, context) {
    const runner = openJobRunner(written.job, written.forge, context)
    const { attempt, state } = await newestAttempt(runner, written, context)
    if (change.kind === 'create' && change.begins !== undefined) {
      await begin({ attempt, state }, runner, written, context)
      return { attempt, outputs: {}, artifacts: [] }
    }
    const spec = jobSpec(written, attempt, context)
    if (state.state !== 'succeeded') {
      const last = await lastLines(runner.logs(spec, 0))
      // One that is late may still be running.
      await runner.cancel(spec)
      throw jobFailed(written, state, last)
    }
    const artifacts = await collectArtifacts(runner, spec, written, context)
    const log = await logArtifact(runner, spec, written, context)
    const { outputs, url } = state
    return { attempt, outputs, artifacts: [...artifacts, ...log], ...(url !== undefined && { url }) }
  },
  async abandon(written, context) {
    const runner = openJobRunner(written.job, written.forge, context)
    const { attempt } = await newestAttempt(runner, written, context)
    await runner.cancel(jobSpec(written, attempt, context))
  },
}

/** What was needed to publish is needed no more when it is published: a repeated release starts no jobs. */
async function publishedRelease(
  { forge, release, releaseForge = forge }: Options,
  context: StepContext,
): Promise<string | undefined> {
  if (release === undefined) return undefined
  const found = await openForge(releaseForge, context).findRelease(release)
  return found?.state === 'published' ? release : undefined
}

async function newestAttempt(
  runner: JobRunner,
  written: Options,
  context: StepContext,
): Promise<{ readonly attempt: number; readonly state: JobState }> {
  let newest: { attempt: number; state: JobState } | undefined
  for (let attempt = 1; attempt <= written.attemptsMax; attempt += 1) {
    const state = await runner.poll(jobSpec(written, attempt, context))
    if (newest !== undefined && state.state === 'absent') return newest
    newest = { attempt, state }
    if (!hasFailed(state)) return newest
  }
  if (newest === undefined) throw new Error('A job has one attempt at least')
  return newest
}

async function begin(
  { attempt, state }: { readonly attempt: number; readonly state: JobState },
  runner: JobRunner,
  written: Options,
  context: StepContext,
): Promise<void> {
  if (!hasFailed(state)) {
    await runner.start(jobSpec(written, attempt, context))
    return
  }
  context.log(`attempt ${attempt} of ${written.name} failed: ${reasonOf(state)}; starting it again`)
  await runner.cancel(jobSpec(written, attempt, context))
  await runner.start(jobSpec(written, attempt + 1, context))
}

/** A step whose run goes on did not cancel it: what was ended while it was given up counts as failed. */
const hasFailed = ({ state }: JobState): boolean => state === 'failed' || state === 'cancelled'

const reasonOf = (state: JobState): string => (state.state === 'failed' ? state.reason : 'it was cancelled')

function jobFailed({ name }: Options, state: JobState, last: string): UserError {
  const at = state.state === 'failed' && state.url !== undefined ? ` See ${state.url}.` : ''
  const said = last === '' ? '' : `\n${last}`
  return new UserError('JOB_FAILED', `The job "${name}" failed: ${reasonOf(state)}.${at}${said}`, {
    hint: 'Nothing behind it was done. Repair what it found, then release again.',
  })
}
