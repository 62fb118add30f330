import { commitStatus } from './commit-status/commit-status.ts'
import { container } from './container/container.ts'
import { githubActions } from './github-actions/github-actions.ts'
import { processJobs } from './process/process.ts'

/** Every kind of place where jobs run. */
export const jobRunners = [processJobs, container, githubActions, commitStatus] as const
