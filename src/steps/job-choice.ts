import { jobRunners } from '../jobs/index.ts'
import type { JobContext, JobRunner } from '../jobs/job-runner.ts'
import { type Choice, choice, createChosen, type PortContext } from './choice.ts'
import { openForge } from './forge-choice.ts'

/** A kind of job by name, with options that fit it; what is wrong is said where it stands. */
export const jobChoice = choice.superRefine(({ provider, options }, { addIssue }) => {
  const kind = jobRunners.find(({ name }) => name === provider)
  if (kind === undefined) {
    const names = jobRunners.map(({ name }) => name).join(', ')
    addIssue({
      code: 'custom',
      path: ['provider'],
      message: `There is no such kind of job. Kinds: ${names}.`,
    })
    return
  }
  const parsed = kind.options.safeParse(options)
  for (const { path, message } of parsed.error?.issues ?? []) {
    addIssue({ code: 'custom', path: ['options', ...path], message })
  }
})

/** @param forge of the project, for jobs that run or are reported there */
export function openJobRunner(chosen: Choice, forge: Choice, context: PortContext): JobRunner {
  const { root, environment, signal, now, log, maskSecret } = context
  return createChosen<JobRunner, JobContext>(jobRunners, chosen, {
    root,
    environment,
    signal,
    now,
    log,
    maskSecret,
    forge: () => openForge(forge, context),
  })
}
