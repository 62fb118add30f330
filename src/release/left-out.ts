import type { PipelineNode } from '../pipeline/plan.ts'
import type { Skip } from '../pipeline/step.ts'

/**
 * Steps of the file's own pipeline that stand between steps of environments (a test behind a publish, before its record)
 * are of these environments: they are left out when all of those are.
 */
export function withLeftOut(
  nodes: readonly PipelineNode[],
  derived: readonly PipelineNode[],
): readonly PipelineNode[] {
  const ofEnvironments = new Set(derived.map(({ id }) => id))
  const skips = new Map<string, Skip>()
  // Also of those that the file says in its own way.
  for (const { id, skip } of derived) if (skip !== undefined) skips.set(id, skip)
  const followers = followersIn(nodes)
  const ofFile = nodes.filter(({ id, skip }) => !ofEnvironments.has(id) && skip === undefined)
  // What one of them is left out for may leave out the next.
  for (let found = -1; found !== skips.size; ) {
    found = skips.size
    for (const { id, needs } of ofFile) {
      const around = [...needs, ...(followers.get(id) ?? [])]
      const known = around.filter((one) => ofEnvironments.has(one) || skips.has(one))
      const [first] = known
      if (first === undefined || !known.every((one) => skips.has(one))) continue
      const skip = skips.get(first)
      if (skip !== undefined) skips.set(id, skip)
    }
  }
  return nodes.map((node) => {
    const skip = skips.get(node.id)
    return skip === undefined ? node : { ...node, skip }
  })
}

function followersIn(nodes: readonly PipelineNode[]): ReadonlyMap<string, readonly string[]> {
  const followers = new Map<string, string[]>()
  for (const { id, needs } of nodes) {
    for (const need of needs) followers.set(need, [...(followers.get(need) ?? []), id])
  }
  return followers
}
