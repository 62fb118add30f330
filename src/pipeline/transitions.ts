import { Refusal, UserError } from '../errors.ts'
import { cancelNodes, decideGate, dispatch } from './dispatch.ts'
import { limitPassed } from './execution-limit.ts'
import { artifactDifferences, artifactsBefore, fitsArtifacts } from './gate-evidence.ts'
import type { Plan, PlannedNode } from './plan.ts'
import { planDigest } from './plan-digest.ts'
import { retryDelayMs } from './retry-delay.ts'
import type { Failure, GateDecision, NodeState, Run } from './run.ts'
import { type Draft, draftOf, finished, nodeOf, type Running, stateOf, turnOf } from './run-draft.ts'
import type { RunEvent, Transition } from './run-event.ts'

/** A new run of the plan and what has to be done first. */
export function startRun(plan: Plan, attempt: number, now: Date, early: Run['early'] = {}): Transition {
  const { project, version } = plan.run
  const run: Run = {
    schema: 'hawser.run/1',
    id: `${project}/${version}#${attempt}`,
    plan,
    planDigest: planDigest(plan),
    status: 'running',
    nodes: Object.fromEntries(plan.nodes.map((node) => [node.id, firstState(node)])),
    early,
    startedAt: now.toISOString(),
  }
  const draft = draftOf(run, now)
  dispatch(draft)
  return finished(draft)
}

const firstState = ({ skip }: PlannedNode): NodeState =>
  skip === undefined ? { status: 'waiting' } : { status: 'skipped', skip }

/**
 * What an event makes of a run: pure. Events that come late or twice change nothing. Decisions that cannot be taken are
 * thrown as typed errors.
 */
export function advance(run: Run, event: RunEvent, now: Date): Transition {
  switch (event.type) {
    case 'signal':
      return signalled(run, event.gate, event.decision, now)
    case 'cancel':
      return cancelled(run, event.reason, now)
    default:
      return happened(run, event, now)
  }
}

/** What a process that takes over a run has to do, when all executions and timers died with the former one. */
export function takeOver(run: Run, now: Date): Transition {
  const draft = draftOf(run, now)
  for (const node of run.plan.nodes) {
    const state = stateOf(draft, node.id)
    if (state.status === 'open') wakeAt(draft, { type: 'timeout', node: node.id }, state.until)
    if (state.status !== 'running') continue
    const turn = turnOf(state)
    if (state.phase === undefined) draft.commands.push({ type: 'execute', node: node.id, turn })
    if (state.phase === 'stopping') wakeAt(draft, { type: 'stopped', node: node.id, turn })
    if (state.phase === 'idle') wakeAt(draft, { type: 'due', node: node.id, turn }, state.next)
  }
  if (run.endedAt === undefined) dispatch(draft)
  return finished(draft)
}

function wakeAt(draft: Draft, event: RunEvent, at?: string): void {
  const afterMs = at === undefined ? 0 : Math.max(0, Date.parse(at) - draft.now.getTime())
  draft.commands.push({ type: 'wake', event, afterMs })
}

type StepEvent = Exclude<RunEvent, { type: 'signal' | 'cancel' }>

function happened(run: Run, event: StepEvent, now: Date): Transition {
  const state = run.nodes[event.node]
  if (state === undefined || run.endedAt !== undefined) return { run, commands: [] }
  const draft = draftOf(run, now)
  if (event.type === 'timeout') lapsed(draft, event.node)
  else if (state.status === 'running' && turnOf(state) === event.turn) progressed(draft, event, state)
  else return { run, commands: [] }
  dispatch(draft)
  return finished(draft)
}

function progressed(draft: Draft, event: Exclude<StepEvent, { type: 'timeout' }>, state: Running): void {
  const { node } = event
  if (event.type === 'due') {
    if (state.phase === 'idle') draft.nodes[node] = { ...withoutNext(state), phase: 'queued' }
  } else if (state.phase !== undefined && state.phase !== 'stopping') return
  else if (event.type === 'stopped') draft.nodes[node] = stopped
  else settled(draft, event, state)
}

function settled(draft: Draft, event: RunEvent & { type: 'settled' }, state: Running): void {
  const { node, outcome } = event
  const at = draft.now.toISOString()
  if (outcome.status === 'done') {
    const { did, summary, result } = outcome
    draft.nodes[node] = { status: 'done', did, summary, result, at }
  } else if (state.phase === 'stopping') {
    draft.nodes[node] = stopped
  } else if (outcome.status === 'again') {
    draft.nodes[node] =
      idle(draft, node, state, outcome.afterMs, outcome.note) ?? tooLate(draft, node, outcome.note)
  } else {
    draft.nodes[node] = retried(draft, node, state, outcome) ?? {
      status: 'failed',
      failure: outcome.failure,
      at,
    }
  }
}

function retried(
  draft: Draft,
  id: string,
  state: Running,
  { failure, retryAfterMs = 0 }: { failure: Failure; retryAfterMs?: number },
): NodeState | undefined {
  const node = nodeOf(draft.before, id)
  if (failure.class !== 'transient' || 'gate' in node || state.attempt >= node.retry.attemptsMax)
    return undefined
  const delayMs = retryDelayMs(node.retry, state.attempt, `${draft.before.id} ${id}`)
  const next = { ...state, attempt: state.attempt + 1 }
  return idle(draft, id, next, Math.max(delayMs, retryAfterMs), failure.message)
}

/** Nothing when the step's limit would pass before. After a crash a step is always executed once more. */
function idle(
  draft: Draft,
  node: string,
  state: Running,
  afterMs: number,
  note: string,
): NodeState | undefined {
  const nextAt = draft.now.getTime() + afterMs
  if (nextAt > Date.parse(state.since) + nodeOf(draft.before, node).limitMs) return undefined
  draft.commands.push({ type: 'wake', event: { type: 'due', node, turn: turnOf(state) }, afterMs })
  return { ...state, phase: 'idle', next: new Date(nextAt).toISOString(), note }
}

function withoutNext({ next: _, ...state }: Running): Running {
  return state
}

/** Only a cancelled run aborts its steps; one that is over by itself before is what it is. */
const stopped: NodeState = { status: 'cancelled' }

function tooLate(draft: Draft, id: string, note: string): NodeState {
  const failure = limitPassed(nodeOf(draft.before, id), note)
  return { status: 'failed', failure, at: draft.now.toISOString() }
}

function lapsed(draft: Draft, id: string): void {
  if (stateOf(draft, id).status !== 'open') return
  const node = nodeOf(draft.before, id)
  const message = `Nobody decided the gate "${id}" within its limit of ${node.limitMs / 1000} s.`
  const hint = 'Release again, then decide in time.'
  const failure: Failure = { class: 'timeout', code: 'GATE_LAPSED', message, hint }
  draft.nodes[id] = { status: 'failed', failure, at: draft.now.toISOString() }
}

function cancelled(run: Run, reason: string, now: Date): Transition {
  if (run.endedAt !== undefined || run.cancelledBecause !== undefined) return { run, commands: [] }
  const draft = draftOf(run, now)
  draft.cancelledBecause = reason
  cancelNodes(draft)
  return finished(draft)
}

function signalled(run: Run, gate: string, decision: GateDecision, now: Date): Transition {
  checkDecision(run, gate, decision)
  const state = run.nodes[gate]
  if (state?.status === 'waiting') {
    return { run: { ...run, early: { ...run.early, [gate]: decision } }, commands: [] }
  }
  if (state?.status !== 'open') return { run, commands: [] }
  const draft = draftOf(run, now)
  decideGate(draft, gate, decision)
  dispatch(draft)
  return finished(draft)
}

function checkDecision(run: Run, gate: string, decision: GateDecision): void {
  const gates = run.plan.nodes.filter((node) => 'gate' in node).map(({ id }) => id)
  if (!gates.includes(gate)) {
    const known =
      gates.length === 0 ? 'It has no gates.' : `It has ${gates.map((id) => `"${id}"`).join(', ')}.`
    throw new UserError('GATE_UNKNOWN', `The run ${run.id} has no gate "${gate}".`, { hint: known })
  }
  if (decision.planDigest !== run.planDigest) {
    throw new Refusal(
      'GATE_OTHER_PLAN',
      `The decision about "${gate}" is for another plan than that of ${run.id}.`,
      {
        hint: 'Look at the plan of the run, then decide again.',
      },
    )
  }
  const state = run.nodes[gate]
  if (state?.status === 'open') checkArtifacts(run, gate, decision)
  if (state?.status === 'waiting' || state?.status === 'open') return
  const repeats =
    (decision.decision === 'approve' && state?.status === 'done') ||
    (decision.decision === 'reject' && state?.status === 'rejected')
  if (repeats) return
  throw new Refusal('GATE_DECIDED', `The gate "${gate}" of ${run.id} is no longer open.`, {
    hint: `Its state is "${state?.status ?? 'unknown'}". See hawser status.`,
  })
}

function checkArtifacts(run: Run, gate: string, decision: GateDecision): void {
  const now = artifactsBefore(gate, run.plan, run.nodes)
  if (fitsArtifacts(decision, now)) return
  const differences = artifactDifferences(decision.artifacts ?? {}, now)
  throw new Refusal(
    'GATE_OTHER_ARTIFACTS',
    `The approval of "${gate}" is about other artifacts than those of ${run.id}.\n${differences.join('\n')}`,
    { hint: 'Look at the artifacts of the run, then decide again.' },
  )
}
