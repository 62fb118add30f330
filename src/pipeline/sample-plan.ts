import type { Plan, PlannedNode } from './plan.ts'

/** Plans for tests: one line per node. */
export function samplePlan(nodes: readonly PlannedNode[], parallelMax = 4): Plan {
  return {
    schema: 'hawser.plan/1',
    run: { project: 'hello', version: '1.0.0', commit: '0'.repeat(40), epoch: 1_700_000_000 },
    config: `sha256:${'0'.repeat(64)}`,
    parallelMax,
    nodes,
  }
}

export function sampleStep(id: string, needs: readonly string[] = [], more: object = {}): PlannedNode {
  return {
    id,
    step: 'sample',
    options: {},
    needs,
    limitMs: 60_000,
    retry: { attemptsMax: 3, firstDelayMs: 10, delayMaxMs: 40 },
    change: { kind: 'create', summary: `make ${id}` },
    ...more,
  }
}

export function sampleGate(id: string, needs: readonly string[] = [], limitMs = 60_000): PlannedNode {
  return { id, gate: 'approval', needs, limitMs, change: { kind: 'gate', summary: 'someone decides' } }
}
