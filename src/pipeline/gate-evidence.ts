import { type Digest, isDigest } from '../lib/digest.ts'
import { canonicalJson, type Json } from '../lib/json.ts'
import { ancestorsOf } from './order.ts'
import type { Plan } from './plan.ts'
import type { GateDecision, NodeState } from './run.ts'

/** Every digest in the results of the steps before a gate, by where it stands: "build:hello hello_1.0.0_amd64.deb". */
export type GateArtifacts = { readonly [what: string]: Digest }

/** What a person decides about, as far as it exists now. */
export function artifactsBefore(
  gate: string,
  plan: Plan,
  nodes: { readonly [nodeId: string]: NodeState },
): GateArtifacts {
  const found: Record<string, Digest> = {}
  for (const id of [...ancestorsOf(gate, plan.nodes)].sort()) {
    const state = nodes[id]
    if (state?.status === 'done') collect(state.result, id, found)
  }
  return found
}

/** Steps know what their results mean; here it is enough that a digest stands for bytes. */
function collect(value: Json, what: string, found: Record<string, Digest>): void {
  if (typeof value === 'string') {
    if (isDigest(value)) found[what] = value
  } else if (isList(value)) {
    for (const [index, item] of value.entries()) collect(item, `${what} ${nameOf(item) ?? index}`, found)
  } else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      collect(item, silent.has(key) ? what : `${what} ${key}`, found)
    }
  }
}

/** Keys that say nothing about which artifact it is. */
const silent = new Set(['digest', 'artifacts'])

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

function nameOf(value: Json): string | undefined {
  if (value === null || typeof value !== 'object' || isList(value)) return undefined
  const { name } = value as { readonly [key: string]: Json }
  return typeof name === 'string' ? name : undefined
}

/** An approval is about bytes and lapses with them. A rejection stands: nobody has to look twice to stop something. */
export function fitsArtifacts({ decision, artifacts }: GateDecision, now: GateArtifacts): boolean {
  return decision === 'reject' || artifacts === undefined || canonicalJson(artifacts) === canonicalJson(now)
}

/** What came, went or changed, as one line each. */
export function artifactDifferences(before: GateArtifacts, now: GateArtifacts): readonly string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()
  return names.flatMap((name) => {
    if (before[name] === now[name]) return []
    if (before[name] === undefined) return [`"${name}" was not there.`]
    return [now[name] === undefined ? `"${name}" is gone.` : `"${name}" has other bytes.`]
  })
}
