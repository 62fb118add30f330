import { describe, expect, test } from 'vitest'
import { failureText, Refusal } from '../errors.ts'
import { digestOf } from '../lib/digest.ts'
import type { Json } from '../lib/json.ts'
import { artifactsBefore } from './gate-evidence.ts'
import type { Plan } from './plan.ts'
import { planDigest } from './plan-digest.ts'
import type { GateDecision, Run } from './run.ts'
import { sampleGate, samplePlan, sampleStep } from './sample-plan.ts'
import { startBeside } from './starting.ts'
import { advance, startRun } from './transitions.ts'

const now = new Date('2026-01-02T03:04:05Z')
const plan = samplePlan([sampleStep('build'), sampleGate('ok', ['build']), sampleStep('ship', ['ok'])])
const built = (bytes: string): Json => ({
  artifacts: [{ name: 'hello.deb', kind: 'file', digest: digestOf(bytes), sizeBytes: 1 }],
})

function settle(run: Run, node: string, result: Json): Run {
  const outcome = { status: 'done', did: 'create', summary: 'made', result } as const
  return advance(run, { type: 'settled', node, turn: 1, outcome }, now).run
}

function fail(run: Run, node: string): Run {
  const failure = { class: 'user', code: 'X', message: 'no' } as const
  return advance(run, { type: 'settled', node, turn: 1, outcome: { status: 'failed', failure } }, now).run
}

const decisionAbout = (run: Run, decision: 'approve' | 'reject' = 'approve'): GateDecision => ({
  decision,
  by: 'ann',
  reason: 'tested',
  at: now.toISOString(),
  planDigest: run.planDigest,
  artifacts: artifactsBefore('ok', run.plan, run.nodes),
})

const decide = (run: Run, decision: GateDecision): Run =>
  advance(run, { type: 'signal', gate: 'ok', decision }, now).run

const opened = (bytes: string, of: Plan = plan): Run =>
  settle(startRun(of, 1, now).run, 'build', built(bytes))

describe('what is decided about', () => {
  test('are the digests of everything that was made before the gate', () => {
    const push = sampleStep('push')
    const wide = samplePlan([
      sampleStep('build'),
      push,
      sampleStep('aside'),
      sampleGate('ok', ['build', 'push']),
    ])
    let run = settle(startRun(wide, 1, now).run, 'build', built('1'))
    run = settle(run, 'push', {
      tag: '1.0.0',
      image: { digest: digestOf('image') },
      layers: [digestOf('layer')],
    })
    run = settle(run, 'aside', built('2'))

    expect(artifactsBefore('ok', run.plan, run.nodes)).toEqual({
      'build hello.deb': digestOf('1'),
      'push image': digestOf('image'),
      'push layers 0': digestOf('layer'),
    })
  })

  test('is recorded with who, when and why', () => {
    const run = opened('1')
    const decision = decisionAbout(run)

    expect(decide(run, decision).nodes['ok']).toMatchObject({ status: 'done', did: 'approved', decision })
    const rejection = decisionAbout(run, 'reject')
    expect(decide(run, rejection).nodes['ok']).toMatchObject({ status: 'rejected', decision: rejection })
  })
})

describe('a decision', () => {
  test('about other artifacts is refused', async () => {
    const decision = decisionAbout(opened('other bytes'))

    const act = () => decide(opened('1'), decision)

    expect(act).toThrow(Refusal)
    await expect(textOf(act)).toMatchFileSnapshot('testdata/errors/gate-other-artifacts.txt')
  })

  test('to reject stands, whatever the artifacts are', () => {
    const decision = decisionAbout(opened('other bytes'), 'reject')

    expect(decide(opened('1'), decision).status).toBe('rejected')
  })

  test('that came before artifacts that nobody had seen lapses when the gate opens', () => {
    const begun = startRun(plan, 1, now).run
    const decision = decisionAbout(begun)

    const run = settle(decide(begun, decision), 'build', built('1'))

    expect(run.nodes['ok']).toMatchObject({ status: 'open', lapsed: decision })
    expect(run.status).toBe('waiting')
  })
})

describe('an approval of a run that failed', () => {
  const failed = fail(decide(opened('1'), decisionAbout(opened('1'))), 'ship')

  test('counts for the next attempt at the same plan and the same artifacts', () => {
    const next = startBeside(failed, plan, now).run

    expect(next.id).toBe('hello/1.0.0#2')
    expect(settle(next, 'build', built('1')).nodes['ok']).toMatchObject({ status: 'done', did: 'approved' })
  })

  test('lapses when the artifacts have changed', () => {
    const next = startBeside(failed, plan, now).run

    expect(settle(next, 'build', built('2')).nodes['ok']).toMatchObject({ status: 'open' })
  })

  test('lapses when the plan has changed', () => {
    const other = samplePlan([...plan.nodes, sampleStep('more')])
    expect(planDigest(other)).not.toBe(planDigest(plan))

    const next = startBeside(failed, other, now).run

    expect(settle(next, 'build', built('1')).nodes['ok']).toEqual(
      expect.not.objectContaining({ status: 'done' }),
    )
  })

  test('does not count when the run was cancelled', () => {
    const approved = decide(opened('1'), decisionAbout(opened('1')))
    const cancelling = advance(approved, { type: 'cancel', reason: 'wrong day' }, now).run
    const cancelled = advance(cancelling, { type: 'stopped', node: 'ship', turn: 1 }, now).run
    expect(cancelled.status).toBe('cancelled')

    expect(startBeside(cancelled, plan, now).run.early).toEqual({})
  })
})

function textOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return failureText(error)
  }
  throw new Error('Nothing was thrown')
}
