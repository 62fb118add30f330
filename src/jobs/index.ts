import { processJobs } from './process/process.ts'

/** Every kind of place where jobs run. */
export const jobRunners = [processJobs] as const
