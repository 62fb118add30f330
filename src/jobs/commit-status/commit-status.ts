import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { CommitStatus, Statuses } from '../../forge/forge-parts.ts'
import type { Provider } from '../../provider.ts'
import type { JobContext, JobRunner, JobSpec, JobState } from '../job-runner.ts'
import { noteStart, startNoted } from './start-note.ts'

const options = z.strictObject({
  context: z
    .string()
    .min(1)
    .describe(
      'Name of the commit status or check run that the job reports, such as "post-btp-manager-build".',
    ),
})

type Options = z.output<typeof options>

/**
 * A job of somebody else, such as Prow, that a tag or a push starts and that reports a status beside the commit. Only what
 * was reported about this commit after the run began counts: an older build of it is no evidence.
 */
export const commitStatus: Provider<JobRunner, typeof options, JobContext> = {
  name: 'commit-status',
  describe: 'A job that others run, and report as a status of the commit.',
  options,
  example: { context: 'post-hello-build' },
  create: ({ context: name }: Options, context) => ({
    // Nothing is started; but from now on it is waited for, and not for ever.
    start: (spec) => noteStart(spec, context),
    poll: (spec) => poll(name, spec, context),
    // It is not ours to end.
    cancel: async () => undefined,
    logs: async function* () {
      // Whoever runs it has its log; the status' address leads there.
    },
  }),
}

async function poll(name: string, spec: JobSpec, context: JobContext): Promise<JobState> {
  const status = await newest(name, spec, context)
  if (status !== undefined && status.state !== 'pending') return ended(status, name, spec)
  const since = await startNoted(spec, context)
  if (since === undefined) return { state: 'absent' }
  const note = `the status "${name}" of ${spec.commit.slice(0, 12)} ${sofar(status)}`
  if (context.now().getTime() > since.getTime() + spec.limitMs) {
    return {
      state: 'failed',
      reason: `${note}, and its limit of ${spec.limitMs / 1000} s has passed`,
      ...urlOf(status),
    }
  }
  return { state: 'running', since, note, ...urlOf(status) }
}

const sofar = (status: CommitStatus | undefined): string =>
  status === undefined ? 'has not been reported since the run began' : `is pending${about(status)}`

async function newest(name: string, spec: JobSpec, context: JobContext): Promise<CommitStatus | undefined> {
  const found = await statusesOf(spec, context).ofCommit(spec.commit)
  return found
    .filter((status) => status.context === name && isOfThisRun(status, spec))
    .reduce<CommitStatus | undefined>(
      (last, status) => (last === undefined || status.reportedAt >= last.reportedAt ? status : last),
      undefined,
    )
}

/** Forges tell whole seconds: one that was reported in the second when the run began may be of this run. */
const isOfThisRun = ({ reportedAt }: CommitStatus, { notBefore }: JobSpec): boolean =>
  reportedAt.getTime() >= Math.floor(notBefore.getTime() / 1000) * 1000

function ended(status: CommitStatus, name: string, spec: JobSpec): JobState {
  if (status.state === 'success') return { state: 'succeeded', outputs: {}, ...urlOf(status) }
  const reason = `the status "${name}" of ${spec.commit.slice(0, 12)} is "${status.state}"${about(status)}`
  return { state: 'failed', reason, ...urlOf(status) }
}

const urlOf = (status: CommitStatus | undefined): { readonly url?: string } =>
  status?.url === undefined ? {} : { url: status.url }

const about = ({ description }: CommitStatus): string => (description === '' ? '' : `: ${description}`)

function statusesOf(spec: JobSpec, context: JobContext): Statuses {
  const forge = context.forge()
  if (forge.statuses !== undefined) return forge.statuses
  throw new UserError(
    'JOB_FORGE',
    `The job "${spec.name}" waits for a commit status, and ${forge.location} has none.`,
    {
      hint: 'Name a forge that has them in hawser.yaml, or run the job another way.',
    },
  )
}
