import type { GateNode } from '../pipeline/plan.ts'
import type { NodeState, Run } from '../pipeline/run.ts'
import type { Flag, FlagValues } from './command.ts'

export const waitFlag = {
  wait: { type: 'boolean', describe: 'Stay while a person has to decide, and remind them.' },
} satisfies Record<string, Flag>

export const waitsForPeople = (flags: FlagValues): { readonly waitsForPeople: boolean } => ({
  waitsForPeople: flags['wait'] === true,
})

interface OpenGate {
  readonly node: GateNode
  readonly state: NodeState & { readonly status: 'open' }
  readonly version: string
}

export const openGates = ({ plan, nodes }: Run): readonly OpenGate[] =>
  plan.nodes.flatMap((node) => {
    const state = nodes[node.id]
    return 'gate' in node && state?.status === 'open' ? [{ node, state, version: plan.run.version }] : []
  })

export const decideCommand = ({ node, version }: OpenGate): string =>
  `hawser approve ${node.id} --reason TEXT ${version}`

/** What people must decide, until when, and why an earlier approval does not count. */
export function gateLines(run: Run): readonly string[] {
  return openGates(run).flatMap((gate) => {
    const { node, state } = gate
    const lines = [
      `  ${node.id}: ${node.gate}`,
      `    a person decides until ${state.until}: ${decideCommand(gate)} (or reject)`,
    ]
    if (state.lapsed === undefined) return lines
    const { by, at } = state.lapsed
    return [...lines, `    the approval by ${by} of ${at} lapsed: the artifacts have changed since`]
  })
}
