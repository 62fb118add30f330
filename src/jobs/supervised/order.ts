import { z } from 'zod'

/** What a supervisor is told about its job; JSON on its standard input, never on its command line. */
export const order = z.object({
  id: z.string(),
  program: z.string(),
  args: z.array(z.string()),
  cwd: z.string(),
  environment: z.record(z.string(), z.string()),
  /** Masked in the log. */
  secrets: z.array(z.string()),
  limitMs: z.number(),
  /** Programs that end what the job runs elsewhere, before its own processes are ended. */
  cleanup: z.array(z.array(z.string())),
  /** Programs that take away what the job leaves, when its own processes have ended in whatever way; their output is in the log. */
  after: z.array(z.array(z.string())),
})
export type Order = z.output<typeof order>

/** What taking away may take and print. */
export const cleanupMaxMs = 5 * 60_000
export const cleanupBytesMax = 16 * 2 ** 20
