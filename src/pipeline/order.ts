import { UserError } from '../errors.ts'

interface Ordered {
  readonly id: string
  readonly needs: readonly string[]
}

/** Something that keeps the nodes from being a graph without cycles. `node` is where people look for it. */
export interface GraphFinding {
  readonly code: 'PIPELINE_DUPLICATE_ID' | 'PIPELINE_UNKNOWN_NEED' | 'PIPELINE_CYCLE'
  readonly node: string
  readonly message: string
  readonly hint: string
}

/** All findings at once; none means that `topologicalOrder` succeeds. */
export function graphFindings(nodes: readonly Ordered[]): readonly GraphFinding[] {
  return [...duplicates(nodes), ...unknownNeeds(nodes), ...cycles(nodes)]
}

/** Kahn's order, ties by declaration. Throws a UserError that tells all findings. */
export function topologicalOrder<Node extends Ordered>(nodes: readonly Node[]): readonly Node[] {
  const findings = graphFindings(nodes)
  const first = findings[0]
  if (first !== undefined) {
    throw new UserError(first.code, findings.map((finding) => finding.message).join('\n'), {
      hint: [...new Set(findings.map((finding) => finding.hint))].join('\n'),
    })
  }
  return sorted(nodes).order
}

/** The ids of everything that a node stands on, its needs' needs included. */
export function ancestorsOf(id: string, nodes: readonly Ordered[]): ReadonlySet<string> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const found = new Set<string>()
  const open = [...(byId.get(id)?.needs ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    open.push(...(byId.get(next)?.needs ?? []))
  }
  return found
}

function duplicates(nodes: readonly Ordered[]): GraphFinding[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { id } of nodes) {
    if (seen.has(id)) twice.add(id)
    seen.add(id)
  }
  return [...twice].map((node) => ({
    code: 'PIPELINE_DUPLICATE_ID',
    node,
    message: `The pipeline has more than one step with the id "${node}".`,
    hint: 'Give each step an id of its own.',
  }))
}

function unknownNeeds(nodes: readonly Ordered[]): GraphFinding[] {
  const ids = new Set(nodes.map((node) => node.id))
  return nodes.flatMap((node) =>
    node.needs
      .filter((need) => !ids.has(need))
      .map((need) => ({
        code: 'PIPELINE_UNKNOWN_NEED' as const,
        node: node.id,
        message: `The step "${node.id}" needs "${need}", which the pipeline does not have.`,
        hint: `The pipeline has ${[...ids].map((id) => `"${id}"`).join(', ')}.`,
      })),
  )
}

function cycles(nodes: readonly Ordered[]): GraphFinding[] {
  const { left } = sorted(nodes)
  const byId = new Map(left.map((node) => [node.id, node]))
  const told = new Set<string>()
  const findings: GraphFinding[] = []
  for (const start of left) {
    if (told.has(start.id)) continue
    const cycle = cycleFrom(start, byId)
    if (cycle.some((id) => told.has(id))) continue
    for (const id of cycle) told.add(id)
    const [first] = cycle
    if (first === undefined) continue
    findings.push({
      code: 'PIPELINE_CYCLE',
      node: first,
      message: `These steps wait for each other: ${[...cycle, first].map((id) => `"${id}"`).join(' needs ')}.`,
      hint: 'Take one of these needs out of the pipeline.',
    })
  }
  return findings
}

/** Every node that Kahn leaves over has a need that is left over too, so that walking must come round. */
function cycleFrom(start: Ordered, left: ReadonlyMap<string, Ordered>): string[] {
  const path: string[] = []
  let node: Ordered | undefined = start
  while (node !== undefined && !path.includes(node.id)) {
    path.push(node.id)
    const need: string | undefined = node.needs.find((id) => left.has(id))
    node = need === undefined ? undefined : left.get(need)
  }
  return node === undefined ? [] : path.slice(path.indexOf(node.id))
}

function sorted<Node extends Ordered>(nodes: readonly Node[]): { order: Node[]; left: Node[] } {
  const ids = new Set(nodes.map((node) => node.id))
  const placed = new Set<string>()
  const order: Node[] = []
  let left = [...nodes]
  for (;;) {
    // The first ready node in the order of declaration, so that people recognise their file in the plan.
    const next = left.find((node) => node.needs.every((need) => placed.has(need) || !ids.has(need)))
    if (next === undefined) return { order, left }
    order.push(next)
    placed.add(next.id)
    left = left.filter((node) => node !== next)
  }
}
