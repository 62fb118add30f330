import type { Config } from '../config/config.ts'
import { UserError } from '../errors.ts'
import type { Plan } from '../pipeline/plan.ts'
import { publishRelease } from '../steps/publish-release/publish-release.ts'
import { takePackages } from '../steps/take-packages/take-packages.ts'
import { type Waiver, waiver } from '../steps/waiver.ts'
import { branchOf } from './branch.ts'
import type { ReleaseScope } from './pipeline.ts'
import type { Project } from './project.ts'

/** The scope with the branch looked up, where environments ask for one. */
export async function completeScope(
  { environments }: Config,
  { branch, ...scope }: ReleaseScope,
  project: Project,
  signal: AbortSignal,
): Promise<ReleaseScope> {
  if (Object.keys(environments).length === 0) return scope
  const found = await branchOf(project, branch, signal)
  return found === undefined ? scope : { ...scope, branch: found }
}

/** A waiver that means nothing would look as if it had been recorded. */
export function refuseUnusedWaiver(plan: Plan, { waiver: given }: ReleaseScope): void {
  if (given === undefined || takesIn(plan).some(({ skip }) => skip === undefined)) return
  throw new UserError('WAIVER_UNUSED', 'Nothing is promoted here, so that there is nothing to waive.', {
    hint: 'Leave out --waive, or release from a branch that reaches an environment with "from".',
  })
}

/** Why the release itself is left out of a run, so that only earlier environments get its packages. */
export function unreleasedBecause({ nodes }: Plan): string | undefined {
  const skip = nodes.find((node) => 'step' in node && node.step === publishRelease.name)?.skip
  return skip?.reason === 'not selected' ? skip.by : undefined
}

/** What an approved plan waives; who approved it is not who releases it. */
export function waiverIn(plan: Plan): Waiver | undefined {
  for (const { options } of takesIn(plan)) {
    const parsed = waiver.safeParse(options['waiver'])
    if (parsed.success) return parsed.data
  }
  return undefined
}

const takesIn = ({ nodes }: Plan) =>
  nodes.flatMap((node) => ('step' in node && node.step === takePackages.name ? [node] : []))
