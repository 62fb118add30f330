import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { CommitStatus, Statuses } from '../../forge/forge-parts.ts'
import type { Provider } from '../../provider.ts'
import type { JobContext, JobRunner, JobSpec, JobState } from '../job-runner.ts'

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
    start: async () => undefined,
    poll: async (spec) => stateOf(await newest(name, spec, context), name, spec),
    // It is not ours to end.
    cancel: async () => undefined,
    logs: async function* () {
      // Whoever runs it has its log; the status' address leads there.
    },
  }),
}

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

function stateOf(status: CommitStatus | undefined, name: string, spec: JobSpec): JobState {
  const commit = spec.commit.slice(0, 12)
  if (status === undefined) {
    const note = `the status "${name}" of ${commit} has not been reported since the run began`
    return { state: 'running', since: spec.notBefore, note }
  }
  const url = status.url === undefined ? {} : { url: status.url }
  switch (status.state) {
    case 'pending': {
      const note = `the status "${name}" of ${commit} is pending${about(status)}`
      return { state: 'running', since: status.reportedAt, note, ...url }
    }
    case 'success':
      return { state: 'succeeded', outputs: {}, ...url }
    default:
      return {
        state: 'failed',
        reason: `the status "${name}" of ${commit} is "${status.state}"${about(status)}`,
        ...url,
      }
  }
}

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
