import { join } from 'node:path'
import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { WorkflowRun, Workflows } from '../../forge/forge-parts.ts'
import { makeFolder, writeFileAtomic } from '../../lib/atomic-file.ts'
import type { Provider } from '../../provider.ts'
import type { JobContext, JobRunner, JobSpec, JobState } from '../job-runner.ts'
import { jobFolder } from '../supervised/job-folder.ts'
import { readNote } from './run-note.ts'

const options = z.strictObject({
  workflow: z
    .string()
    .regex(/^[^/\s]+\.ya?ml$/, 'Write the name of its file, such as "e2e.yaml".')
    .describe(
      'File name of the workflow, below .github/workflows. It must have the trigger workflow_dispatch.',
    ),
  ref: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Branch or tag that the workflow is taken from. Without it: the branch that releases are made from.',
    ),
  inputs: z.record(z.string(), z.string()).default({}).describe('Inputs of the workflow.'),
  anyCommit: z
    .boolean()
    .default(false)
    .describe(
      'Also a run of another commit counts: for workflows that check out the commit that an input names.',
    ),
})

type Options = z.output<typeof options>

/** A workflow of the forge, dispatched once for the job and followed to its end. */
export const githubActions: Provider<JobRunner, typeof options, JobContext> = {
  name: 'github-actions',
  describe: 'A workflow of GitHub Actions, which Hawser starts and follows.',
  options,
  example: { workflow: 'e2e.yaml', ref: 'main', inputs: { credentials: 'dummy' } },
  create: (written, context) => ({
    start: (spec) => start(written, spec, context),
    poll: (spec) => poll(written, spec, context),
    cancel: (spec) => cancel(spec, context),
    logs: (spec, fromByte) => logs(spec, context, fromByte),
  }),
}

const noteOf = (spec: JobSpec, { root }: JobContext): string =>
  join(jobFolder(root, spec.key).path, 'run.json')

/** The forge starts one run for the key, so that a note that was lost, or never written, is only written again. */
async function start(written: Options, spec: JobSpec, context: JobContext): Promise<void> {
  const note = noteOf(spec, context)
  if ((await readNote(note)) !== undefined) return
  const forge = context.forge()
  const ref = written.ref ?? (await forge.defaultBranch?.()) ?? spec.commit
  const { id } = await workflowsOf(spec, context).dispatch({
    workflow: written.workflow,
    ref,
    inputs: { ...written.inputs, ...spec.inputs },
    key: spec.key,
  })
  await makeFolder(jobFolder(context.root, spec.key).path)
  await writeFileAtomic(note, JSON.stringify({ id }), { mode: 0o600 })
}

async function poll(written: Options, spec: JobSpec, context: JobContext): Promise<JobState> {
  const note = await readNote(noteOf(spec, context))
  if (note === undefined) return { state: 'absent' }
  const run = await workflowsOf(spec, context).find(note.id)
  if (run === undefined)
    return { state: 'failed', reason: `the run ${note.id} of ${written.workflow} is gone` }
  if (!written.anyCommit && run.commit !== spec.commit) return otherCommit(run, spec)
  return stateOf(run, written, spec, context)
}

const otherCommit = ({ url, commit }: WorkflowRun, spec: JobSpec): JobState => ({
  state: 'failed',
  reason: `its workflow ran at the commit ${commit.slice(0, 12)}, and the release is ${spec.commit.slice(0, 12)}`,
  url,
})

function stateOf(run: WorkflowRun, { workflow }: Options, spec: JobSpec, { now }: JobContext): JobState {
  const { url, id } = run
  switch (run.state) {
    case 'succeeded':
      return { state: 'succeeded', outputs: { run: id }, url }
    case 'failed':
      return { state: 'failed', reason: `the run ${id} of ${workflow} failed`, url }
    case 'cancelled':
      return { state: 'failed', reason: `the run ${id} of ${workflow} was cancelled`, url }
    default: {
      if (now().getTime() > run.startedAt.getTime() + spec.limitMs) {
        const reason = `the run ${id} of ${workflow} did not end within its limit of ${spec.limitMs / 1000} s`
        return { state: 'failed', reason, url }
      }
      return {
        state: 'running',
        since: run.startedAt,
        url,
        note: `the run ${id} of ${workflow} is ${run.state}`,
      }
    }
  }
}

async function cancel(spec: JobSpec, context: JobContext): Promise<void> {
  const note = await readNote(noteOf(spec, context))
  if (note === undefined) return
  const workflows = workflowsOf(spec, context)
  const run = await workflows.find(note.id)
  if (run?.state === 'queued' || run?.state === 'running') await workflows.cancel(note.id)
}

async function* logs(spec: JobSpec, context: JobContext, fromByte: number): AsyncGenerator<Uint8Array> {
  const note = await readNote(noteOf(spec, context))
  if (note === undefined) return
  let skip = fromByte
  // The forge masks its secrets itself.
  for await (const piece of await workflowsOf(spec, context).logs(note.id)) {
    if (skip < piece.length) yield piece.subarray(skip)
    skip = Math.max(0, skip - piece.length)
  }
}

function workflowsOf(spec: JobSpec, context: JobContext): Workflows {
  const forge = context.forge()
  if (forge.workflows !== undefined) return forge.workflows
  throw new UserError('JOB_FORGE', `The job "${spec.name}" is a workflow, and ${forge.location} has none.`, {
    hint: 'Name a forge that runs workflows in hawser.yaml, or run the job another way.',
  })
}
