import { describe, expect, test } from 'vitest'
import { exitCodes, failureText, Refusal } from '../errors.ts'
import { digestOf } from '../lib/digest.ts'
import type { StepOutcome } from './engine.ts'
import type { Plan } from './plan.ts'
import { planDigest } from './plan-digest.ts'
import type { GateDecision, Run } from './run.ts'
import { isExecuting } from './run-draft.ts'
import type { RunEvent } from './run-event.ts'
import { exitCodeOf } from './run-exit.ts'
import { sampleGate, samplePlan, sampleStep } from './sample-plan.ts'
import { startBeside } from './starting.ts'
import { advance, startRun } from './transitions.ts'

const start = new Date('2026-01-02T03:04:05Z')
const done: StepOutcome = { status: 'done', did: 'create', summary: 'made', result: { ok: true } }
const failing = (fate: 'user' | 'transient' | 'refused' | 'bug'): StepOutcome => ({
  status: 'failed',
  failure: { class: fate, code: 'X', message: 'no' },
})

/** A run with its commands still to be obeyed. */
function play(plan: Plan) {
  let { run, commands } = startRun(plan, 1, start)
  const pending = [...commands]
  const happen = (event: RunEvent): Run => {
    const next = advance(run, event, start)
    run = next.run
    pending.push(...next.commands)
    return run
  }
  const turn = (node: string): number => {
    const state = run.nodes[node]
    return state?.status === 'running' ? (state.turn ?? 1) : 0
  }
  return {
    get run() {
      return run
    },
    pending,
    happen,
    settle: (node: string, outcome: StepOutcome = done) =>
      happen({ type: 'settled', node, turn: turn(node), outcome }),
    due: (node: string) => happen({ type: 'due', node, turn: turn(node) }),
    executing: () =>
      Object.keys(run.nodes).filter((id) => isExecuting(run.nodes[id] ?? { status: 'waiting' })),
    status: (node: string) => run.nodes[node]?.status,
    decision: (decision: 'approve' | 'reject', digest = planDigest(plan)): GateDecision => ({
      decision,
      by: 'ann',
      reason: 'tested',
      at: start.toISOString(),
      planDigest: digest,
    }),
  }
}

const thrownBy = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown')
}

describe('steps', () => {
  test('a step starts when all it needs is done, and the last one publishes the run', () => {
    const game = play(
      samplePlan([
        sampleStep('a'),
        sampleStep('b', ['a']),
        sampleStep('c', ['a']),
        sampleStep('d', ['b', 'c']),
      ]),
    )

    expect(game.executing()).toEqual(['a'])
    game.settle('a')
    expect(game.executing()).toEqual(['b', 'c'])
    game.settle('b')
    expect(game.status('d')).toBe('waiting')
    game.settle('c')
    game.settle('d')

    expect(game.run.status).toBe('published')
    expect(game.run.endedAt).toBe(start.toISOString())
    expect(exitCodeOf(game.run)).toBe(exitCodes.done)
  })

  test('no more steps run than the plan allows', () => {
    const game = play(samplePlan([sampleStep('a'), sampleStep('b'), sampleStep('c')], 2))

    expect(game.executing()).toEqual(['a', 'b'])
    game.settle('a')
    expect(game.executing()).toEqual(['b', 'c'])
  })

  test('a failed step blocks those behind it, while others finish', () => {
    const game = play(
      samplePlan([
        sampleStep('a'),
        sampleStep('b', ['a']),
        sampleStep('c', ['b']),
        sampleStep('d'),
        sampleStep('e', ['d']),
      ]),
    )

    game.settle('a', failing('user'))
    game.settle('d')
    game.settle('e')

    expect(game.run.nodes['b']).toEqual({ status: 'skipped', skip: { reason: 'blocked', by: 'a' } })
    expect(game.run.nodes['c']).toEqual({ status: 'skipped', skip: { reason: 'blocked', by: 'a' } })
    expect(game.status('e')).toBe('done')
    expect(game.run.status).toBe('failed')
    expect(exitCodeOf(game.run)).toBe(exitCodes.repair)
  })

  test('a step that is left out on purpose does not block', () => {
    const skip = { reason: 'not selected', by: '--only' } as const
    const game = play(samplePlan([sampleStep('a', [], { skip }), sampleStep('b', ['a'])]))

    game.settle('b')

    expect(game.run.status).toBe('published')
  })

  test('a step that was declared blocked keeps the run from being published', () => {
    const skip = { reason: 'blocked', by: 'missing key' } as const
    const game = play(samplePlan([sampleStep('a', [], { skip }), sampleStep('b', ['a']), sampleStep('c')]))

    game.settle('c')

    expect(game.run.nodes['b']).toEqual({ status: 'skipped', skip: { reason: 'blocked', by: 'missing key' } })
    expect(game.run.status).toBe('failed')
  })

  test('only transient failures are tried again, up to the limit of attempts', () => {
    const game = play(samplePlan([sampleStep('a')]))

    game.settle('a', failing('transient'))
    expect(game.run.nodes['a']).toMatchObject({ status: 'running', phase: 'idle', attempt: 2, note: 'no' })
    game.due('a')
    expect(game.executing()).toEqual(['a'])
    game.settle('a', failing('transient'))
    game.due('a')
    game.settle('a', failing('transient'))

    expect(game.status('a')).toBe('failed')
    expect(exitCodeOf(game.run)).toBe(exitCodes.failed)
  })

  test.each([
    ['refused', 'refused', exitCodes.refused],
    ['user', 'failed', exitCodes.repair],
    ['bug', 'failed', exitCodes.bug],
  ] as const)('a failure of the class %s is final', (fate, status, code) => {
    const game = play(samplePlan([sampleStep('a')]))

    game.settle('a', failing(fate))

    expect(game.run.status).toBe(status)
    expect(exitCodeOf(game.run)).toBe(code)
  })

  test('the other side says when to come back, and the delay is the same each time it is computed', () => {
    const plan = samplePlan([sampleStep('a')])
    const wakes = [1, 2].map(() => {
      const game = play(plan)
      game.settle('a', { ...failing('transient'), retryAfterMs: 30_000 } as StepOutcome)
      return game.pending.filter((command) => command.type === 'wake')
    })

    expect(wakes[0]).toEqual(wakes[1])
    expect(wakes[0]?.at(-1)).toMatchObject({ event: { type: 'due' }, afterMs: 30_000 })
  })

  test('a step that is not ready asks again without using up an attempt, and lends its place', () => {
    const game = play(samplePlan([sampleStep('a'), sampleStep('b')], 1))

    game.settle('a', { status: 'again', afterMs: 100, note: 'waiting for CI' })
    expect(game.run.nodes['a']).toMatchObject({ phase: 'idle', attempt: 1, note: 'waiting for CI' })
    expect(game.executing()).toEqual(['b'])
    game.due('a')
    expect(game.run.nodes['a']).toMatchObject({ phase: 'queued' })
    game.settle('b')

    expect(game.executing()).toEqual(['a'])
  })

  test('the outcome of an earlier execution is ignored', () => {
    const game = play(samplePlan([sampleStep('a')]))

    game.settle('a', { status: 'again', afterMs: 1, note: 'soon' })
    game.due('a')
    const before = game.run
    game.happen({ type: 'settled', node: 'a', turn: 1, outcome: done })

    expect(game.run).toBe(before)
  })

  test('a step is not tried or asked again beyond its limit', () => {
    for (const outcome of [
      failing('transient'),
      { status: 'again', afterMs: 60_001, note: 'CI is red' } as const,
    ]) {
      const game = play(
        samplePlan([
          sampleStep('a', [], { retry: { attemptsMax: 9, firstDelayMs: 90_000, delayMaxMs: 90_000 } }),
        ]),
      )

      game.settle('a', outcome)

      expect(game.status('a')).toBe('failed')
    }
    const game = play(samplePlan([sampleStep('a')]))
    game.settle('a', { status: 'again', afterMs: 60_001, note: 'CI is red' })
    expect(game.run.nodes['a']).toMatchObject({
      failure: {
        class: 'timeout',
        code: 'STEP_TIMEOUT',
        message: 'The step "a" did not finish within its limit of 60 s. Last: CI is red',
      },
    })
  })
})

describe('gates', () => {
  const gated = samplePlan([sampleStep('a'), sampleGate('ok', ['a']), sampleStep('b', ['ok'])])

  test('an open gate is all that is left: the run waits', () => {
    const game = play(gated)

    game.settle('a')
    expect(game.run.status).toBe('waiting')
    expect(exitCodeOf(game.run)).toBe(exitCodes.waiting)
    expect(game.run.nodes['ok']).toEqual({
      status: 'open',
      since: start.toISOString(),
      until: '2026-01-02T03:05:05.000Z',
    })
    game.happen({ type: 'signal', gate: 'ok', decision: game.decision('approve') })
    game.settle('b')

    expect(game.run.nodes['ok']).toMatchObject({
      status: 'done',
      did: 'approved',
      summary: 'approved by ann: tested',
    })
    expect(game.run.status).toBe('published')
  })

  test('a decision may come before its gate opens', () => {
    const game = play(gated)

    game.happen({ type: 'signal', gate: 'ok', decision: game.decision('approve') })
    game.settle('a')

    expect(game.executing()).toEqual(['b'])
  })

  test('a rejected gate stops the steps behind it and all that have not begun', () => {
    const game = play(
      samplePlan([sampleGate('ok'), sampleStep('a'), sampleStep('b', ['a']), sampleStep('c', ['ok'])]),
    )

    game.happen({ type: 'signal', gate: 'ok', decision: game.decision('reject') })
    expect(game.run.status).toBe('running')
    game.settle('a')

    expect(game.status('b')).toBe('skipped')
    expect(game.run.nodes['ok']).toMatchObject({ status: 'rejected', by: 'ann', reason: 'tested' })
    expect(game.run.status).toBe('rejected')
    expect(exitCodeOf(game.run)).toBe(exitCodes.rejected)
  })

  test('a gate that nobody decides lapses', () => {
    const game = play(gated)

    game.settle('a')
    game.happen({ type: 'timeout', node: 'ok' })

    expect(game.run.nodes['ok']).toMatchObject({ status: 'failed', failure: { code: 'GATE_LAPSED' } })
    expect(game.run.status).toBe('failed')
  })

  test('a decision about another plan, an unknown gate or a decided one is refused', async () => {
    const game = play(gated)
    const signal = (gate: string, decision: GateDecision) =>
      thrownBy(() => game.happen({ type: 'signal', gate, decision }))

    const other = signal('ok', game.decision('approve', digestOf('another plan')))
    expect(other).toBeInstanceOf(Refusal)
    await expect(failureText(other)).toMatchFileSnapshot('testdata/errors/gate-other-plan.txt')
    await expect(failureText(signal('okay', game.decision('approve')))).toMatchFileSnapshot(
      'testdata/errors/gate-unknown.txt',
    )
    game.settle('a')
    game.happen({ type: 'signal', gate: 'ok', decision: game.decision('approve') })
    await expect(failureText(signal('ok', game.decision('reject')))).toMatchFileSnapshot(
      'testdata/errors/gate-decided.txt',
    )
    const before = game.run
    expect(game.happen({ type: 'signal', gate: 'ok', decision: game.decision('approve') })).toBe(before)
  })
})

describe('cancelling', () => {
  test('steps that execute are aborted, the rest ends at once', () => {
    const game = play(samplePlan([sampleStep('a'), sampleStep('b', ['a']), sampleGate('ok')]))

    game.happen({ type: 'cancel', reason: 'wrong version' })
    expect(game.run.status).toBe('cancelling')
    expect(game.pending.at(-1)).toEqual({ type: 'abort', node: 'a', turn: 1 })
    expect([game.status('b'), game.status('ok')]).toEqual(['cancelled', 'cancelled'])
    game.happen({ type: 'stopped', node: 'a', turn: 1 })

    expect(game.run.status).toBe('cancelled')
    expect(game.run.cancelledBecause).toBe('wrong version')
    expect(exitCodeOf(game.run)).toBe(exitCodes.failed)
  })

  test('a cancelled run stays as it is', () => {
    const game = play(samplePlan([sampleGate('ok')]))

    const run = game.happen({ type: 'cancel', reason: 'no' })

    expect(game.happen({ type: 'cancel', reason: 'again' })).toBe(run)
    expect(game.happen({ type: 'timeout', node: 'ok' })).toBe(run)
  })
})

describe('starting', () => {
  test('the same plan is the same run, another is refused, and an ended run makes room for a new attempt', async () => {
    const plan = samplePlan([sampleStep('a')])
    const game = play(plan)

    expect(startBeside(game.run, plan, start).run).toBe(game.run)
    const refused = thrownBy(() => startBeside(game.run, samplePlan([sampleStep('b')]), start))
    await expect(failureText(refused)).toMatchFileSnapshot('testdata/errors/run-active.txt')
    game.settle('a', failing('user'))

    expect(startBeside(game.run, plan, start).run.id).toBe('hello/1.0.0#2')
  })
})
