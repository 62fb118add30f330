import { UserError } from '../../errors.ts'
import type { JobSpec } from '../../jobs/job-runner.ts'
import type { Json } from '../../lib/json.ts'
import type { StepContext } from '../../pipeline/step.ts'
import { proposalOf } from '../proposal.ts'
import { releaseCommit } from '../release-commit.ts'
import type { Options } from './options.ts'

/** Bound to the run and the moment when it began: no job of an earlier run is ever taken for this one's. */
export function jobSpec(written: Options, attempt: number, context: StepContext): JobSpec {
  const { execution, runStartedAt } = context
  if (execution === undefined || runStartedAt === undefined) throw new Error('Only a run has jobs')
  const { name, limitMs } = written
  return {
    key: `${execution.runId} ${runStartedAt.toISOString()} ${execution.node} ${attempt}`,
    name,
    commit: commitOf(written, context),
    notBefore: runStartedAt,
    limitMs,
    inputs: { ...written.inputs, ...inputsFromResults(written, context) },
  }
}

function commitOf({ name, commitFrom, headFrom }: Options, context: StepContext): string {
  if (headFrom === undefined) return releaseCommit(commitFrom, context)
  const head = proposalOf(context, headFrom)?.headCommit
  if (head !== undefined) return head
  throw new UserError(
    'JOB_HEAD',
    `The job "${name}" is to be about the head of what "${headFrom}" proposed, which has none.`,
    {
      hint: 'Name a step propose-change that was not skipped, and let the job need it.',
    },
  )
}

function inputsFromResults(
  { name, inputsFrom }: Options,
  { results }: StepContext,
): { readonly [input: string]: string } {
  const found: Record<string, string> = {}
  for (const [input, { step, path }] of Object.entries(inputsFrom)) {
    const result = results[step]
    // A step that was skipped gives nothing.
    if (result === undefined) continue
    const value = valueAt(result, path.split('.'))
    if (typeof value !== 'string' && typeof value !== 'number') throw noValue(name, input, step, path)
    found[input] = String(value)
  }
  return found
}

function valueAt(result: Json, path: readonly string[]): Json | undefined {
  let value: Json | undefined = result
  for (const name of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined
    value = (value as { readonly [key: string]: Json })[name]
  }
  return value
}

const noValue = (job: string, input: string, step: string, path: string): UserError =>
  new UserError(
    'JOB_INPUT',
    `The input ${input} of the job "${job}" is to be "${path}" of "${step}", which has no such text.`,
    {
      hint: 'Name a value that the step results in: hawser status --json shows them.',
    },
  )
