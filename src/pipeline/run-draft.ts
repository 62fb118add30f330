import type { PlannedNode } from './plan.ts'
import type { NodeState, Run, RunStatus } from './run.ts'
import type { RunCommand, Transition } from './run-event.ts'

export type Running = NodeState & { readonly status: 'running' }

/** A run while one transition changes it; never leaves the reducer. */
export interface Draft {
  readonly before: Run
  readonly nodes: Record<string, NodeState>
  readonly commands: RunCommand[]
  readonly now: Date
  cancelledBecause: string | undefined
}

export function draftOf(run: Run, now: Date): Draft {
  return { before: run, nodes: { ...run.nodes }, commands: [], now, cancelledBecause: run.cancelledBecause }
}

export const turnOf = (state: Running): number => state.turn ?? 1

/** Holds one of the pipeline's places: it executes, or has been aborted and is not over yet. */
export const isExecuting = (state: NodeState): boolean =>
  state.status === 'running' && (state.phase === undefined || state.phase === 'stopping')

export function nodeOf(run: Run, id: string): PlannedNode {
  const node = run.plan.nodes.find((candidate) => candidate.id === id)
  if (node === undefined) throw new Error(`The run ${run.id} has no step "${id}"`)
  return node
}

export function stateOf(draft: Draft, id: string): NodeState {
  const state = draft.nodes[id]
  if (state === undefined) throw new Error(`The run ${draft.before.id} has no state for "${id}"`)
  return state
}

/** The run after the transition, with the status that its nodes add up to. */
export function finished(draft: Draft): Transition {
  const status = statusOf(draft)
  const isOver = status !== 'running' && status !== 'waiting' && status !== 'cancelling'
  const { cancelledBecause } = draft
  const run: Run = {
    ...draft.before,
    nodes: draft.nodes,
    status,
    ...(cancelledBecause !== undefined && { cancelledBecause }),
    ...(isOver && { endedAt: draft.before.endedAt ?? draft.now.toISOString() }),
  }
  return { run, commands: draft.commands }
}

function statusOf({ nodes, cancelledBecause }: Draft): RunStatus {
  const states = Object.values(nodes)
  const some = (test: (state: NodeState) => boolean): boolean => states.some(test)
  if (some(({ status }) => status === 'running'))
    return cancelledBecause === undefined ? 'running' : 'cancelling'
  if (some(({ status }) => status === 'open')) return 'waiting'
  if (states.every(isComplete)) return 'published'
  if (cancelledBecause !== undefined) return 'cancelled'
  if (some(({ status }) => status === 'rejected')) return 'rejected'
  const failures = states.filter((state) => state.status === 'failed')
  const areRefusals = failures.length > 0 && failures.every(({ failure }) => failure.class === 'refused')
  return areRefusals ? 'refused' : 'failed'
}

/** Done, or left out by declaration. */
export const isComplete = (state: NodeState): boolean =>
  state.status === 'done' || (state.status === 'skipped' && state.skip.reason !== 'blocked')
