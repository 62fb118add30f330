import type { Json } from '../lib/json.ts'
import type { StepTask } from './engine.ts'
import { ancestorsOf } from './order.ts'
import type { GateDecision, Run } from './run.ts'
import { nodeOf } from './run-draft.ts'

/** What the executor is given for a node that the run executes now. */
export function stepTask(run: Run, nodeId: string): StepTask {
  const node = nodeOf(run, nodeId)
  if ('gate' in node) throw new Error(`The gate "${nodeId}" cannot be executed`)
  const { change: _, ...step } = node
  const state = run.nodes[nodeId]
  const attempt = state?.status === 'running' ? state.attempt : 1
  return {
    runId: run.id,
    plan: run.plan,
    node: step,
    results: resultsBefore(run, nodeId),
    decisions: decisionsBefore(run, nodeId),
    attempt,
    runStartedAt: run.startedAt,
  }
}

function resultsBefore(run: Run, nodeId: string): { readonly [stepId: string]: Json } {
  const results: Record<string, Json> = {}
  for (const id of ancestorsOf(nodeId, run.plan.nodes)) {
    const state = run.nodes[id]
    // Gates decide, they do not produce.
    if (state?.status === 'done' && state.did !== 'approved') results[id] = state.result
  }
  return results
}

function decisionsBefore(run: Run, nodeId: string): { readonly [gateId: string]: GateDecision } {
  const decisions: Record<string, GateDecision> = {}
  for (const id of ancestorsOf(nodeId, run.plan.nodes)) {
    const state = run.nodes[id]
    if (state?.status === 'done' && state.decision !== undefined) decisions[id] = state.decision
  }
  return decisions
}
