import { z } from 'zod'

/** Somebody takes the responsibility for packages that no test has passed; part of the plan, and recorded. */
export const waiver = z.object({ reason: z.string().min(1), by: z.string().min(1) })

export type Waiver = z.output<typeof waiver>
