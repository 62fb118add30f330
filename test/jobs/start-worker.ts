// Starts one job, as a process that can be killed. argv: { root, key, run } as JSON.
import { z } from 'zod'
import { processJobs } from '../../src/jobs/process/process.ts'
import { jobSpec } from './sample-job.ts'

const { root, key, run } = z
  .object({ root: z.string(), key: z.string(), run: z.string() })
  .parse(JSON.parse(process.argv[2] ?? ''))
const runner = processJobs.create(processJobs.options.parse({ run }), {
  root,
  environment: { PATH: process.env['PATH'] },
  signal: AbortSignal.timeout(30_000),
  log: () => undefined,
  maskSecret: () => undefined,
  now: () => new Date(),
  forge: () => {
    throw new Error('Programs need no forge')
  },
})
await runner.start(jobSpec({ key }))
