import { describe, expect, test } from 'vitest'
import { failureText, Refusal, TransientError, UserError } from '../errors.ts'
import { conforms } from './conformance.ts'
import type { StepOutcome, StepTask } from './engine.ts'
import { stepExecutor } from './execute.ts'
import type { PlannedChange } from './plan.ts'
import { samplePlan, sampleStep } from './sample-plan.ts'
import { sampleContext, sampleKind } from './sample-step.ts'
import type { AnyStep, Change } from './step.ts'

interface Case {
  world?: Map<string, string>
  kind?: Partial<AnyStep>
  change?: PlannedChange
  options?: object
  signal?: AbortSignal
}

function execute({ world = new Map(), kind, change, options, signal }: Case): Promise<StepOutcome> {
  const node = sampleStep('a', [], {
    options: options ?? { key: 'a', value: 'new' },
    ...(change !== undefined && { change }),
  })
  if ('gate' in node) throw new Error('A step was made')
  const task: StepTask = { runId: 'hello/1.0.0#1', plan: samplePlan([node]), node, results: {}, attempt: 1 }
  const executor = stepExecutor({
    registry: (name) => (name === 'sample' ? sampleKind(world, kind) : undefined),
    contextFor: sampleContext,
    redact: (text) => text.replaceAll('hunter2', '***'),
  })
  return executor(task, signal ?? new AbortController().signal)
}

const failing = (error: unknown): Partial<AnyStep> => ({ act: () => Promise.reject(error) })

test('a change is made, read back and reported', async () => {
  const world = new Map<string, string>()
  const verified: unknown[] = []

  const outcome = await execute({ world, kind: { verify: async (result) => void verified.push(result) } })

  expect(outcome).toEqual({ status: 'done', did: 'create', summary: 'write a', result: { value: 'new' } })
  expect(world.get('a')).toBe('new')
  expect(verified).toEqual([{ value: 'new' }])
})

test('what is already true is kept and still read back', async () => {
  const world = new Map([['a', 'new']])
  let verified = 0

  const outcome = await execute({
    world,
    kind: {
      act: () => Promise.reject(new Error('nothing may be written')),
      verify: async () => {
        verified += 1
      },
    },
  })

  expect(outcome).toMatchObject({ status: 'done', did: 'keep' })
  expect(verified).toBe(1)
})

test('what a change only begins is asked for again, and its result is not taken', async () => {
  const world = new Map<string, string>()
  const begins = { whom: 'the job a', againAfterMs: 50 }
  const change = (): Change => ({ kind: 'create', summary: 'run a', begins })

  const outcome = await execute({
    world,
    kind: { decide: change, verify: () => Promise.reject(new Error('there is nothing to verify yet')) },
  })

  expect(outcome).toEqual({ status: 'again', afterMs: 50, note: 'run a (waiting for the job a)' })
  expect(world.get('a')).toBe('new')
})

test('nothing is written that the plan did not show', async () => {
  const world = new Map([['a', 'of someone else']])

  const outcome = await execute({ world, change: { kind: 'create', summary: 'write a' } })

  expect(world.get('a')).toBe('of someone else')
  expect(outcome).toMatchObject({ status: 'failed', failure: { class: 'refused', code: 'PLAN_WORLD_MOVED' } })
  const { failure } = outcome as { failure: { code: string; message: string; hint: string } }
  const text = failureText(new Refusal(failure.code, failure.message, { hint: failure.hint }))
  await expect(text).toMatchFileSnapshot('testdata/errors/plan-world-moved.txt')
})

test('a probe that cannot see never lets anything be written', async () => {
  const world = new Map<string, string>()

  const outcome = await execute({
    world,
    kind: { probe: async () => ({ state: 'unknown', reason: 'the registry answered 403' }) },
  })

  expect(world.size).toBe(0)
  expect(outcome).toMatchObject({
    status: 'failed',
    failure: {
      class: 'transient',
      code: 'PROBE_UNKNOWN',
      message: 'The step "a" (sample) cannot see the world: the registry answered 403',
    },
  })
})

test('a step that waits is asked again', async () => {
  const kind = {
    decide: (): Change => ({ kind: 'wait', summary: 'CI is red', whom: 'the team', againAfterMs: 7 }),
  }

  expect(await execute({ kind })).toEqual({
    status: 'again',
    afterMs: 7,
    note: 'CI is red (waiting for the team)',
  })
})

test.each([
  ['user', new UserError('KEY', 'no key')],
  ['transient', new TransientError('NET', 'no net')],
  ['refused', new Refusal('NO', 'no')],
  ['timeout', new DOMException('too slow', 'TimeoutError')],
  ['bug', new TypeError('x is undefined')],
])('an error of the fate %s becomes that class', async (fate, error) => {
  const outcome = await execute({ kind: failing(error) })

  expect(outcome).toMatchObject({ status: 'failed', failure: { class: fate, message: error.message } })
})

test('a bug is told without its stack', async () => {
  const outcome = await execute({ kind: failing(new Error('broken')) })

  expect(outcome).toEqual({
    status: 'failed',
    failure: { class: 'bug', code: 'HAWSER_BUG', message: 'broken' },
  })
})

test('the other side says when to come back', async () => {
  const outcome = await execute({
    kind: failing(new TransientError('RATE', 'slow down', { retryAfterMs: 900 })),
  })

  expect(outcome).toMatchObject({ retryAfterMs: 900 })
})

test('wrong options are an error of the reader', async () => {
  expect(await execute({ options: { key: 'a' } })).toMatchObject({
    failure: { class: 'user', code: 'STEP_OPTIONS' },
  })
})

test('secrets are masked in whatever enters the state', async () => {
  const failed = await execute({
    kind: failing(new UserError('X', 'hunter2 is wrong', { hint: 'Change hunter2.' })),
  })
  const done = await execute({
    kind: { act: async () => ({ url: 'https://x:hunter2@y', list: ['hunter2'] }) },
  })

  expect(failed).toMatchObject({ failure: { message: '*** is wrong', hint: 'Change ***.' } })
  expect(done).toMatchObject({ result: { url: 'https://x:***@y', list: ['***'] } })
})

test('a result that cannot be stored is a bug of its step', async () => {
  expect(await execute({ kind: { act: async () => undefined } })).toMatchObject({ failure: { class: 'bug' } })
})

test('an aborted attempt reports nothing, however it ends', async () => {
  for (const end of [() => Promise.resolve({}), () => Promise.reject(new Error('late'))]) {
    const control = new AbortController()
    const act = async (): Promise<unknown> => {
      control.abort(new Error('stopped'))
      return end()
    }
    await expect(execute({ kind: { act }, signal: control.signal })).rejects.toThrow('stopped')
  }
})

describe('conformance', () => {
  const create: Change = { kind: 'create', summary: 'new' }
  const replace: Change = { kind: 'replace', summary: 'other', old: 1, new: 2 }
  const later: PlannedChange = { kind: 'later', summary: 'known after x', after: ['x'] }

  test.each<[PlannedChange, Change, boolean]>([
    [{ kind: 'create', summary: '' }, create, true],
    [{ kind: 'create', summary: '' }, replace, false],
    [{ kind: 'replace', summary: '' }, replace, true],
    [{ kind: 'replace', summary: '' }, create, false],
    [{ kind: 'keep', summary: '' }, create, false],
    [later, create, true],
    [later, replace, false],
    [{ ...later, mayReplace: true }, replace, true],
    [{ kind: 'wait', summary: '', whom: 'x' }, create, true],
    [{ kind: 'wait', summary: '', whom: 'x' }, replace, false],
    [{ kind: 'unknown', reason: '' }, create, false],
    [{ kind: 'refuse', code: 'X', message: '', hint: '' }, create, false],
    [{ kind: 'unknown', reason: '' }, { kind: 'keep', summary: '', result: null }, true],
  ])('%j, then %j: %s', (planned, actual, fits) => {
    expect(conforms(planned, actual) === true).toBe(fits)
  })
})
