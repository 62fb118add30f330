import { z } from 'zod'

const policy = z.enum(['refuse', 'warn'])

/** What of `repositories.NAME.installs` the step is given. */
export const installsChoice = z.strictObject({
  /** The packages that each command names. */
  commands: z.array(z.array(z.string()).min(1)).min(1),
  new: policy,
  upgrade: policy,
  older: policy,
  /** How many earlier releases are tried. */
  earlier: z.number().int().nonnegative(),
})
export type InstallsChoice = z.output<typeof installsChoice>
