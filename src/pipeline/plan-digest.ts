import { type Digest, digestOfJson } from '../lib/digest.ts'
import { canonicalJson } from '../lib/json.ts'
import { plannedText } from './conformance.ts'
import type { Plan, PlannedChange, PlannedNode } from './plan.ts'

/** What decisions and runs are bound to: SHA-256 of the plan's canonical JSON. */
export const planDigest = (plan: Plan): Digest => digestOfJson(plan)

export interface PlanDifference {
  /** Absent when the difference is not about one step. */
  readonly node?: string
  /** One sentence. */
  readonly text: string
}

/**
 * What moved between the plan that people approved and the plan that would be made now. What has become true in the
 * meantime is no difference: a run that is repeated after a crash finds its own work.
 */
export function comparePlans(approved: Plan, now: Plan): readonly PlanDifference[] {
  return [...identityDifferences(approved, now), ...nodeDifferences(approved, now)]
}

function identityDifferences(approved: Plan, now: Plan): PlanDifference[] {
  const facts = [
    ['project', approved.run.project, now.run.project],
    ['version', approved.run.version, now.run.version],
    ['commit', approved.run.commit, now.run.commit],
    ['time of the sources', approved.run.epoch, now.run.epoch],
    ['digest of the configuration', approved.config, now.config],
    ['number of parallel steps', approved.parallelMax, now.parallelMax],
  ] as const
  return facts
    .filter(([, before, after]) => before !== after)
    .map(([name, before, after]) => ({ text: `The ${name} was ${before} and is now ${after}.` }))
}

function nodeDifferences(approved: Plan, now: Plan): PlanDifference[] {
  const before = new Map(approved.nodes.map((node) => [node.id, node]))
  const after = new Map(now.nodes.map((node) => [node.id, node]))
  const gone = approved.nodes.filter(({ id }) => !after.has(id))
  const differences = gone.map(
    ({ id }): PlanDifference => ({ node: id, text: `"${id}" is no longer in the plan.` }),
  )
  for (const node of now.nodes) {
    const old = before.get(node.id)
    if (old === undefined) differences.push({ node: node.id, text: `"${node.id}" is new in the plan.` })
    else differences.push(...nodeDifference(old, node))
  }
  return differences
}

function nodeDifference(before: PlannedNode, after: PlannedNode): PlanDifference[] {
  const node = after.id
  if (canonicalJson(declared(before)) !== canonicalJson(declared(after))) {
    return [{ node, text: `"${node}" is declared differently.` }]
  }
  if (isCovered(before.change, after.change)) return []
  const detail = plannedText(before.change) === plannedText(after.change) ? ', with other details' : ''
  return [
    {
      node,
      text: `"${node}" was ${plannedText(before.change)} and is now ${plannedText(after.change)}${detail}.`,
    },
  ]
}

const declared = ({ change: _, ...node }: PlannedNode): unknown => node

/** The new change asks for nothing that the approved one did not already allow. */
function isCovered(before: PlannedChange, after: PlannedChange): boolean {
  if (canonicalJson(before) === canonicalJson(after)) return true
  if (after.kind === 'keep') return ['create', 'replace', 'later', 'wait', 'keep'].includes(before.kind)
  if (before.kind === 'later')
    return after.kind === 'later' || after.kind === 'create' || after.kind === 'wait'
  return before.kind === 'wait' && (after.kind === 'wait' || after.kind === 'create')
}
