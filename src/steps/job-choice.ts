import { jobRunners } from '../jobs/index.ts'
import type { JobContext, JobRunner } from '../jobs/job-runner.ts'
import { type Choice, createChosen, type PortContext } from './choice.ts'
import { openForge } from './forge-choice.ts'

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
