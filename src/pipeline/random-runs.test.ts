import { describe, expect, test } from 'vitest'
import type { StepOutcome } from './engine.ts'
import type { Plan, PlannedNode } from './plan.ts'
import type { Run } from './run.ts'
import { isComplete, isExecuting } from './run-draft.ts'
import type { RunCommand, RunEvent, Transition } from './run-event.ts'
import { sampleGate, samplePlan, sampleStep } from './sample-plan.ts'
import { advance, startRun, takeOver } from './transitions.ts'

const start = new Date('2026-01-02T03:04:05Z')
const done: StepOutcome = { status: 'done', did: 'create', summary: 'made', result: { ok: true } }
const failing = (fate: 'user' | 'transient'): StepOutcome => ({
  status: 'failed',
  failure: { class: fate, code: 'X', message: 'no' },
})

describe('any pipeline', () => {
  const seeds = Array.from({ length: 150 }, (_, index) => index + 1)

  test.each(seeds)('random run %i keeps the rules and ends', (seed) => {
    const random = randomOf(seed)
    const plan = randomPlan(random)
    let { run, commands } = startRun(plan, 1, start)
    let pending = [...commands]
    const obey = (transition: Transition): void => {
      run = transition.run
      pending.push(...transition.commands)
      checkRules(run)
    }

    for (let steps = 0; run.endedAt === undefined; steps += 1) {
      expect(steps).toBeLessThan(2_000)
      if (random() < 0.1) {
        // The process dies, and another one takes over what is recorded.
        pending = []
        obey(takeOver(JSON.parse(JSON.stringify(run)), start))
      }
      const event = nextEvent(run, pending, random)
      expect(event, `${run.status} but nothing can happen`).toBeDefined()
      if (event !== undefined) obey(advance(run, event, start))
    }

    const all = Object.values(run.nodes).every(isComplete)
    expect(run.status === 'published').toBe(all)
  })
})

function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

function randomPlan(random: () => number): Plan {
  const nodes: PlannedNode[] = []
  const count = 1 + Math.floor(random() * 14)
  for (let index = 0; index < count; index += 1) {
    const needs = nodes.filter(() => random() < 0.25).map(({ id }) => id)
    const skip = random() < 0.1 ? { skip: { reason: 'not applicable', because: 'chance' } as const } : {}
    nodes.push(random() < 0.15 ? sampleGate(`n${index}`, needs) : sampleStep(`n${index}`, needs, skip))
  }
  return samplePlan(nodes, 1 + Math.floor(random() * 3))
}

function checkRules(run: Run): void {
  expect(Object.values(run.nodes).filter(isExecuting).length).toBeLessThanOrEqual(run.plan.parallelMax)
  for (const node of run.plan.nodes) {
    const state = run.nodes[node.id]
    if (state?.status !== 'running' && state?.status !== 'done' && state?.status !== 'open') continue
    for (const need of node.needs) expect(isComplete(run.nodes[need] ?? { status: 'waiting' })).toBe(true)
  }
}

/** Obeys one pending command by chance, or lets a person act. */
function nextEvent(run: Run, pending: RunCommand[], random: () => number): RunEvent | undefined {
  if (random() < 0.01) return { type: 'cancel', reason: 'chance' }
  const gate = run.plan.nodes.find(({ id }) => run.nodes[id]?.status === 'open')
  if (gate !== undefined && random() < 0.3) {
    const decision = random() < 0.9 ? 'approve' : 'reject'
    const { planDigest: digest } = run
    return {
      type: 'signal',
      gate: gate.id,
      decision: { decision, by: 'x', reason: '', at: '', planDigest: digest },
    }
  }
  const [command] = pending.splice(Math.floor(random() * pending.length), 1)
  if (command === undefined) return undefined
  if (command.type === 'wake') {
    // Gates lapse seldom; most are put back to the end.
    if (command.event.type !== 'timeout' || random() < 0.05 || pending.length === 0) return command.event
    pending.push(command)
    return nextEvent(run, pending, random)
  }
  const { node, turn } = command
  if (command.type === 'abort') return { type: 'stopped', node, turn }
  return { type: 'settled', node, turn, outcome: randomOutcome(random()) }
}

function randomOutcome(chance: number): StepOutcome {
  if (chance < 0.7) return done
  if (chance < 0.8) return { status: 'again', afterMs: 5, note: 'soon' }
  return failing(chance < 0.92 ? 'transient' : 'user')
}
