import { artifactsBefore, fitsArtifacts } from './gate-evidence.ts'
import type { PlannedNode } from './plan.ts'
import type { GateDecision, NodeState } from './run.ts'
import { type Draft, isComplete, isExecuting, type Running, stateOf, turnOf } from './run-draft.ts'

/** Starts whatever can start now, and blocks whatever never can. Plan order is topological, so one pass does. */
export function dispatch(draft: Draft): void {
  if (draft.cancelledBecause !== undefined) return
  const { plan } = draft.before
  let free = plan.parallelMax - Object.values(draft.nodes).filter(isExecuting).length
  // Those that are due have waited longest.
  for (const node of plan.nodes) {
    const state = stateOf(draft, node.id)
    if (free <= 0 || state.status !== 'running' || state.phase !== 'queued') continue
    executeAgain(draft, node.id, state)
    free -= 1
  }
  for (const node of plan.nodes) {
    if (stateOf(draft, node.id).status !== 'waiting') continue
    const blocker = node.needs.find((id) => isDeadEnd(stateOf(draft, id)))
    if (blocker !== undefined) draft.nodes[node.id] = blockedBy(draft, blocker)
    else if (!node.needs.every((id) => isComplete(stateOf(draft, id)))) continue
    else if ('gate' in node) openGate(draft, node)
    else if (free > 0) {
      executeFirst(draft, node)
      free -= 1
    }
  }
}

const isDeadEnd = (state: NodeState): boolean =>
  state.status === 'failed' ||
  state.status === 'rejected' ||
  state.status === 'cancelled' ||
  (state.status === 'skipped' && state.skip.reason === 'blocked')

/** Names the step at the root of it, not the skipped one between. */
function blockedBy(draft: Draft, blocker: string): NodeState {
  const state = stateOf(draft, blocker)
  const by = state.status === 'skipped' && state.skip.reason === 'blocked' ? state.skip.by : blocker
  return { status: 'skipped', skip: { reason: 'blocked', by } }
}

function executeFirst(draft: Draft, node: PlannedNode): void {
  draft.nodes[node.id] = { status: 'running', since: draft.now.toISOString(), attempt: 1, turn: 1 }
  draft.commands.push({ type: 'execute', node: node.id, turn: 1 })
}

function executeAgain(draft: Draft, id: string, { since, attempt, ...state }: Running): void {
  const turn = (state.turn ?? 1) + 1
  draft.nodes[id] = { status: 'running', since, attempt, turn }
  draft.commands.push({ type: 'execute', node: id, turn })
}

function openGate(draft: Draft, node: PlannedNode): void {
  const early = draft.before.early[node.id]
  const artifacts = artifactsBefore(node.id, draft.before.plan, draft.nodes)
  if (early !== undefined && fitsArtifacts(early, artifacts)) {
    decideGate(draft, node.id, early)
    return
  }
  const until = new Date(draft.now.getTime() + node.limitMs).toISOString()
  draft.nodes[node.id] = {
    status: 'open',
    since: draft.now.toISOString(),
    until,
    ...(early !== undefined && { lapsed: early }),
  }
  draft.commands.push({ type: 'wake', event: { type: 'timeout', node: node.id }, afterMs: node.limitMs })
}

/** An approval lets the steps behind it go on; a rejection ends everything that is not being executed. */
export function decideGate(draft: Draft, id: string, made: GateDecision): void {
  const { by, reason } = made
  const at = draft.now.toISOString()
  if (made.decision === 'approve') {
    const summary = `approved by ${by}${reason === '' ? '' : `: ${reason}`}`
    draft.nodes[id] = { status: 'done', did: 'approved', summary, result: null, at, decision: made }
    return
  }
  draft.nodes[id] = { status: 'rejected', by, reason, at, decision: made }
  for (const [other, state] of Object.entries(draft.nodes)) {
    if (state.status === 'waiting' || state.status === 'open') {
      draft.nodes[other] = { status: 'skipped', skip: { reason: 'blocked', by: id } }
    } else if (state.status === 'running' && !isExecuting(state)) {
      draft.nodes[other] = { status: 'cancelled' }
    }
  }
}

/** Idle, waiting and open nodes end at once; those that execute are aborted and end when they say so. */
export function cancelNodes(draft: Draft): void {
  for (const [id, state] of Object.entries(draft.nodes)) {
    if (state.status === 'running' && isExecuting(state)) stop(draft, id, state)
    else if (state.status === 'running' || state.status === 'waiting' || state.status === 'open') {
      draft.nodes[id] = { status: 'cancelled' }
    }
  }
}

function stop(draft: Draft, id: string, state: Running): void {
  if (state.phase === 'stopping') return
  draft.nodes[id] = { ...state, phase: 'stopping' }
  draft.commands.push({ type: 'abort', node: id, turn: turnOf(state) })
}
