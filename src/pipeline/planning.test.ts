import { expect, test } from 'vitest'
import { failureText, Refusal, TransientError, UserError } from '../errors.ts'
import { digestOf } from '../lib/digest.ts'
import type { PipelineNode, Plan, PlannedChange } from './plan.ts'
import { comparePlans, planDigest } from './plan-digest.ts'
import { planPipeline } from './planning.ts'
import { sampleGate } from './sample-plan.ts'
import { sampleContext, sampleKind } from './sample-step.ts'
import type { AnyStep } from './step.ts'

const step = (key: string, needs: string[] = [], more: object = {}): PipelineNode => ({
  id: key,
  step: 'sample',
  options: { key, value: 'new' },
  needs,
  limitMs: 1_000,
  retry: { attemptsMax: 1, firstDelayMs: 1, delayMaxMs: 1 },
  ...more,
})

interface Case {
  nodes: readonly PipelineNode[]
  world?: Record<string, string>
  kind?: Partial<AnyStep>
  signal?: AbortSignal
  parallelMax?: number
}

function plan({ nodes, world = {}, kind, signal, parallelMax = 2 }: Case): Promise<Plan> {
  const sample = sampleKind(new Map(Object.entries(world)), kind)
  return planPipeline({
    pipeline: { nodes, parallelMax },
    run: { project: 'hello', version: '1.0.0', commit: '0'.repeat(40), epoch: 1 },
    config: digestOf('config'),
    registry: (name) => (name === 'sample' ? sample : undefined),
    contextFor: sampleContext,
    signal: signal ?? new AbortController().signal,
    patience: { limitMs: 30, delayMs: 10 },
    redact: (text) => text.replaceAll('hunter2', '***'),
  })
}

const changes = (made: Plan): Record<string, PlannedChange> =>
  Object.fromEntries(made.nodes.map(({ id, change }) => [id, change]))

const rejected = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => Promise.reject(new Error('It did not fail')),
    (error) => error,
  )

test('what is true is kept, what differs is replaced, and what follows a change is known later', async () => {
  const made = await plan({
    nodes: [step('c', ['a', 'b']), step('a'), step('b'), step('d', ['a'])],
    world: { a: 'new', b: 'old' },
  })

  expect(made.nodes.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
  expect(changes(made)).toEqual({
    a: { kind: 'keep', summary: 'a is there' },
    b: { kind: 'replace', summary: 'rewrite b', detail: { old: 'old', new: 'new' } },
    c: { kind: 'later', summary: 'known after b', after: ['b'] },
    d: { kind: 'create', summary: 'write d' },
  })
})

test('a step sees the results of all steps below it', async () => {
  const seen: unknown[] = []
  await plan({
    nodes: [step('a'), step('b', ['a']), step('c', ['b'])],
    world: { a: 'new', b: 'new', c: 'new' },
    kind: {
      probe: async ({ key }, { results }) => {
        seen.push([key, results])
        return { state: 'present', evidence: 'new' }
      },
    },
  })

  expect(seen).toEqual([
    ['a', {}],
    ['b', { a: { value: 'new' } }],
    ['c', { a: { value: 'new' }, b: { value: 'new' } }],
  ])
})

test('a kind that probes alone is seen even behind a change, and what follows it stays unknown', async () => {
  const made = await plan({
    nodes: [step('a'), step('b', ['a']), step('c', ['b'])],
    world: { b: 'new', c: 'old' },
    kind: { probesAlone: true },
  })

  expect(changes(made)['b']).toEqual({ kind: 'keep', summary: 'b is there' })
  expect(changes(made)['c']).toMatchObject({ kind: 'replace' })
})

test('a kind that may replace what nobody saw says so in the plan', async () => {
  const made = await plan({ nodes: [step('a'), step('b', ['a'])], kind: { replacesUnseen: true } })

  expect(changes(made)['b']).toMatchObject({ kind: 'later', mayReplace: true })
})

test('a skip on purpose does not block, a blocked one does', async () => {
  const made = await plan({
    nodes: [
      step('a', [], { skip: { reason: 'not selected', by: '--only' } }),
      step('b', ['a']),
      step('c', [], { skip: { reason: 'blocked', by: 'key' } }),
      step('d', ['c']),
    ],
  })

  expect(changes(made)['b']).toEqual({ kind: 'create', summary: 'write b' })
  expect(changes(made)['d']).toEqual({ kind: 'skip', skip: { reason: 'blocked', by: 'c' } })
})

test('behind a gate a step is seen when everything before the gate is true', async () => {
  const nodes = [step('a'), sampleGate('ok', ['a']), step('b', ['ok'])]

  const made = changes(await plan({ nodes, world: { a: 'new' } }))
  const earlier = changes(await plan({ nodes }))

  expect(made['ok']).toEqual({ kind: 'gate', summary: 'approval decides' })
  expect(made['b']).toEqual({ kind: 'create', summary: 'write b' })
  expect(earlier['b']).toMatchObject({ kind: 'later' })
})

test('a world that cannot be seen is asked again, then told as unknown', async () => {
  let probes = 0
  const made = await plan({
    nodes: [step('a')],
    kind: {
      probe: async () => {
        probes += 1
        throw new TransientError('HTTP_500', 'The registry answered 500 for hunter2.')
      },
    },
  })

  expect(changes(made)['a']).toEqual({ kind: 'unknown', reason: 'The registry answered 500 for ***.' })
  expect(probes).toBeGreaterThan(1)
})

test('a refusal is part of the plan, what the reader must repair ends the planning', async () => {
  const refused = await plan({
    nodes: [step('a')],
    kind: { decide: () => ({ kind: 'refuse', code: 'NO', message: 'No.', hint: 'Ask.' }) },
  })
  expect(changes(refused)['a']).toEqual({ kind: 'refuse', code: 'NO', message: 'No.', hint: 'Ask.' })

  const thrown = await plan({
    nodes: [step('a')],
    kind: { probe: () => Promise.reject(new Refusal('NO', 'No.')) },
  })
  expect(changes(thrown)['a']).toMatchObject({ kind: 'refuse', code: 'NO' })

  const error = await rejected(
    plan({
      nodes: [step('a'), step('b')],
      kind: { probe: () => Promise.reject(new UserError('KEY', 'No key.')) },
    }),
  )
  expect(error).toMatchObject({ code: 'KEY' })
})

test('wrong options and unknown kinds are clear errors', async () => {
  const wrong = await rejected(plan({ nodes: [step('a', [], { options: { key: 1, colour: 'red' } })] }))
  await expect(failureText(wrong)).toMatchFileSnapshot('testdata/errors/step-options.txt')
  const unknown = await rejected(plan({ nodes: [step('a', [], { step: 'teleport' })] }))
  await expect(failureText(unknown)).toMatchFileSnapshot('testdata/errors/step-unknown.txt')
})

test('an abort ends the planning with its reason', async () => {
  const control = new AbortController()
  const planning = plan({
    nodes: [step('a')],
    signal: control.signal,
    kind: {
      probe: async () => {
        control.abort(new Error('Ctrl-C'))
        return { state: 'unknown', reason: 'never mind' }
      },
    },
  })

  await expect(planning).rejects.toThrow('Ctrl-C')
})

test('no more probes run than the pipeline allows', async () => {
  let now = 0
  let most = 0
  await plan({
    nodes: ['a', 'b', 'c', 'd', 'e'].map((key) => step(key)),
    parallelMax: 2,
    kind: {
      probe: async () => {
        now += 1
        most = Math.max(most, now)
        await new Promise(setImmediate)
        now -= 1
        return { state: 'absent' }
      },
    },
  })

  expect(most).toBe(2)
})

test('the digest follows the content, not the order of members', async () => {
  const made = await plan({ nodes: [step('a')] })
  const shuffled = Object.fromEntries(Object.entries(made).reverse()) as unknown as Plan

  expect(planDigest(shuffled)).toBe(planDigest(made))
  expect(planDigest({ ...made, parallelMax: 9 })).not.toBe(planDigest(made))
})

test('what moved is told for people, what has become true is no difference', async () => {
  const nodes = [step('a'), step('b', ['a']), step('c')]
  const approved = await plan({ nodes })
  const texts = async (now: Promise<Plan>) => comparePlans(approved, await now).map(({ text }) => text)

  expect(await texts(plan({ nodes }))).toEqual([])
  expect(await texts(plan({ nodes, world: { a: 'new', b: 'new' } }))).toEqual([])
  expect(await texts(plan({ nodes, world: { a: 'new', b: 'old', c: 'other' } }))).toEqual([
    '"b" was "later: known after a" and is now "replace: rewrite b".',
    '"c" was "create: write c" and is now "replace: rewrite c".',
  ])
  expect(await texts(plan({ nodes: [step('a'), step('b', ['a'], { limitMs: 5 }), step('d')] }))).toEqual([
    '"c" is no longer in the plan.',
    '"b" is declared differently.',
    '"d" is new in the plan.',
  ])
  const other = { ...approved, run: { ...approved.run, commit: '1'.repeat(40) }, config: digestOf('else') }
  expect(await texts(Promise.resolve(other))).toHaveLength(2)
})
