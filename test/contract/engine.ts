import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Refusal, UserError } from '../../src/errors.ts'
import { digestOf } from '../../src/lib/digest.ts'
import type { Engine, ReleaseKey, StepExecutor, StepOutcome, StepTask } from '../../src/pipeline/engine.ts'
import type { Plan } from '../../src/pipeline/plan.ts'
import { planDigest } from '../../src/pipeline/plan-digest.ts'
import type { GateDecision, Run } from '../../src/pipeline/run.ts'
import { sampleGate, samplePlan, sampleStep } from '../../src/pipeline/sample-plan.ts'

/** One place where runs live; engines are opened on it one after the other. */
export interface EngineHome {
  open(execute: StepExecutor): Promise<Engine>
  remove(): Promise<void>
}

const key: ReleaseKey = { project: 'hello', version: '1.0.0' }
const watchMs = 30_000

const done = (result: string): StepOutcome => ({ status: 'done', did: 'create', summary: 'made', result })
const makes: StepExecutor = async ({ node }) => done(`result of ${node.id}`)

const decisionFor = (plan: Plan, decision: 'approve' | 'reject'): GateDecision => ({
  decision,
  by: 'ann',
  reason: 'tested',
  at: '2026-01-02T03:04:05.000Z',
  planDigest: planDigest(plan),
})

/** What every engine promises (src/pipeline/engine.ts), run by each adapter. */
export function engineContract(name: string, newHome: () => Promise<EngineHome>): void {
  describe(`the engine ${name}`, () => {
    let home: EngineHome
    const opened: Engine[] = []
    const open = async (execute: StepExecutor): Promise<Engine> => {
      const engine = await home.open(execute)
      opened.push(engine)
      return engine
    }
    const close = async (engine: Engine): Promise<void> => {
      opened.splice(opened.indexOf(engine), 1)
      await engine.close()
    }

    beforeEach(async () => {
      home = await newHome()
    })
    afterEach(async () => {
      for (const engine of opened.splice(0)) await engine.close()
      await home.remove()
    })

    test('a step sees the results of everything below it', async () => {
      const seen = new Map<string, unknown>()
      const engine = await open(async (task) => {
        seen.set(task.node.id, task.results)
        return makes(task, new AbortController().signal)
      })

      await engine.start(diamond)
      const run = await ended(engine)

      expect(run.status).toBe('published')
      expect(run.nodes['d']).toMatchObject({ status: 'done', did: 'create', result: 'result of d' })
      expect(seen.get('d')).toEqual({ a: 'result of a', b: 'result of b', c: 'result of c' })
      expect([...seen.keys()][0]).toBe('a')
      expect([...seen.keys()].at(-1)).toBe('d')
    })

    test('as many steps run side by side as the plan allows, and no more', async () => {
      const crowd = crowdOf(3)
      const engine = await open(crowd.execute)

      await engine.start(
        samplePlan(
          ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => sampleStep(id)),
          3,
        ),
      )
      const run = await ended(engine)

      expect(run.status).toBe('published')
      expect(crowd.most()).toBe(3)
    })

    test('transient failures are tried again, others are not', async () => {
      const attempts: string[] = []
      const engine = await open(async ({ node, attempt }) => {
        attempts.push(`${node.id} ${attempt}`)
        if (node.id === 'a') return attempt < 3 ? failed('transient') : done('at last')
        return failed('user')
      })

      await engine.start(samplePlan([sampleStep('a'), sampleStep('b'), sampleStep('c', ['b'])]))
      const run = await ended(engine)

      expect(attempts.toSorted()).toEqual(['a 1', 'a 2', 'a 3', 'b 1'])
      expect(run.nodes['a']).toMatchObject({ status: 'done' })
      expect(run.nodes['c']).toEqual({ status: 'skipped', skip: { reason: 'blocked', by: 'b' } })
      expect(run.status).toBe('failed')
    })

    test('a step that is not ready is asked again as the same attempt', async () => {
      const attempts: number[] = []
      const engine = await open(async ({ attempt }) => {
        attempts.push(attempt)
        return attempts.length < 3 ? { status: 'again', afterMs: 10, note: 'CI is red' } : done('green')
      })

      await engine.start(samplePlan([sampleStep('a')]))
      await ended(engine)

      expect(attempts).toEqual([1, 1, 1])
    })

    test('a step over its limit is aborted and fails', async () => {
      let wasAborted = false
      const engine = await open(async (_task, signal) => {
        await aborted(signal)
        wasAborted = true
        throw signal.reason
      })

      await engine.start(samplePlan([sampleStep('a', [], { limitMs: 50 })]))
      const run = await ended(engine)

      expect(wasAborted).toBe(true)
      expect(run.nodes['a']).toMatchObject({ status: 'failed', failure: { code: 'STEP_TIMEOUT' } })
    })

    test('an open gate waits for its decision', async () => {
      const engine = await open(makes)

      await engine.start(gated)
      await until(engine, ({ status }) => status === 'waiting')
      expect((await engine.get(key))?.nodes['ok']).toMatchObject({ status: 'open' })
      const answer = await engine.signal(key, 'ok', decisionFor(gated, 'approve'))
      expect(answer.nodes['ok']).toMatchObject({ status: 'done', did: 'approved' })
      const run = await ended(engine)

      expect(run.status).toBe('published')
    })

    test('a decision may come before its gate opens', async () => {
      const hold = Promise.withResolvers<void>()
      const engine = await open(async (task) => {
        if (task.node.id === 'a') await hold.promise
        return done('x')
      })

      await engine.start(gated)
      await engine.signal(key, 'ok', decisionFor(gated, 'approve'))
      hold.resolve()

      expect((await ended(engine)).status).toBe('published')
    })

    test('a rejected gate ends the run', async () => {
      const engine = await open(makes)

      await engine.start(gated)
      await until(engine, ({ status }) => status === 'waiting')
      await engine.signal(key, 'ok', decisionFor(gated, 'reject'))
      const run = await ended(engine)

      expect(run.status).toBe('rejected')
      expect(run.nodes['b']).toMatchObject({ status: 'skipped' })
    })

    test('a gate that nobody decides lapses', async () => {
      const engine = await open(makes)

      await engine.start(samplePlan([sampleGate('ok', [], 100)]))
      const run = await ended(engine)

      expect(run.nodes['ok']).toMatchObject({ status: 'failed', failure: { code: 'GATE_LAPSED' } })
    })

    test('a decision about another plan is refused and changes nothing', async () => {
      const engine = await open(makes)
      await engine.start(gated)
      await until(engine, ({ status }) => status === 'waiting')

      const other = { ...decisionFor(gated, 'approve'), planDigest: digestOf('another plan') }
      const error = await engine.signal(key, 'ok', other).catch((reason) => reason)

      expect(error).toBeInstanceOf(Refusal)
      expect(error).toMatchObject({ code: 'GATE_OTHER_PLAN' })
      expect((await engine.get(key))?.nodes['ok']).toMatchObject({ status: 'open' })
    })

    test('a cancelled run ends when its processes have ended', async () => {
      let exited = false
      const started = Promise.withResolvers<void>()
      const engine = await open(async (_task, signal) => {
        const child = spawn('sleep', ['600'], { stdio: 'ignore' })
        signal.addEventListener('abort', () => child.kill('SIGTERM'))
        started.resolve()
        await once(child, 'exit')
        exited = true
        throw signal.reason
      })
      await engine.start(samplePlan([sampleStep('a'), sampleStep('b', ['a'])]))
      await started.promise

      const cancelling = await engine.cancel(key, 'wrong version')
      const run = await ended(engine)

      expect(cancelling.status).toBe('cancelling')
      expect(exited).toBe(true)
      expect(run.status).toBe('cancelled')
      expect(run.cancelledBecause).toBe('wrong version')
      expect(run.nodes).toMatchObject({ a: { status: 'cancelled' }, b: { status: 'cancelled' } })
    })

    test('a watch sees every state, and ends with the run', async () => {
      const engine = await open(makes)
      const seen: string[] = []
      const watching = (async () => {
        for await (const { status, nodes } of engine.watch(key, AbortSignal.timeout(watchMs))) {
          seen.push(`${status} ${Object.values(nodes).map((node) => node.status)}`)
        }
      })()

      await engine.start(samplePlan([sampleStep('a'), sampleStep('b', ['a']), sampleStep('c', ['b'])]))
      await watching

      expect(seen).toEqual([
        'running running,waiting,waiting',
        'running done,running,waiting',
        'running done,done,running',
        'published done,done,done',
      ])
    })

    test('a watch ends when it is aborted, also without a run', async () => {
      const engine = await open(makes)
      const control = new AbortController()
      const watching = (async () => {
        for await (const run of engine.watch(key, control.signal)) expect(run).toBeUndefined()
      })()

      control.abort()

      await watching
    })

    test('the same plan is the same run, another plan is refused while it is active', async () => {
      const engine = await open(makes)

      const first = await engine.start(gated)
      const again = await engine.start(gated)
      const error = await engine.start(diamond).catch((reason) => reason)

      expect(again.id).toBe(first.id)
      expect(error).toBeInstanceOf(Refusal)
      expect(error).toMatchObject({ code: 'RUN_ACTIVE' })
    })

    test('after a run has ended a new attempt begins, and the old one stays on record', async () => {
      let isRepaired = false
      const engine = await open(async () => (isRepaired ? done('x') : failed('user')))
      const plan = samplePlan([sampleStep('a')])

      await engine.start(plan)
      await ended(engine)
      isRepaired = true
      const second = await engine.start(plan)
      const run = await ended(engine)

      expect(second.id).toBe('hello/1.0.0#2')
      expect(run).toMatchObject({ id: 'hello/1.0.0#2', status: 'published' })
      await expect
        .poll(async () => (await engine.list()).map(({ id, status }) => `${id} ${status}`))
        .toEqual(['hello/1.0.0#2 published', 'hello/1.0.0#1 failed'])
    })

    test('releases of several versions run side by side and are listed newest first', async () => {
      const engine = await open(makes)
      for (const version of ['1.0.0', '1.0.1', '1.0.2']) {
        await engine.start({ ...gated, run: { ...gated.run, version } })
      }

      const ids = (await engine.list()).map(({ id }) => id)

      expect(ids).toEqual(['hello/1.0.2#1', 'hello/1.0.1#1', 'hello/1.0.0#1'])
    })

    test('what nobody started cannot be decided, cancelled or read', async () => {
      const engine = await open(makes)

      expect(await engine.get(key)).toBeUndefined()
      const error = await engine.cancel(key, 'no').catch((reason) => reason)
      expect(error).toBeInstanceOf(UserError)
      expect(error).toMatchObject({ code: 'RUN_UNKNOWN' })
      await expect(engine.signal(key, 'ok', decisionFor(gated, 'approve'))).rejects.toMatchObject({
        code: 'RUN_UNKNOWN',
      })
    })

    test('an open gate and a step in flight go on when the engine is opened again', async () => {
      const running = Promise.withResolvers<void>()
      const first = await open(async (_task, signal) => {
        running.resolve()
        await aborted(signal)
        throw signal.reason
      })
      const plan = samplePlan([sampleStep('a'), sampleGate('ok'), sampleStep('b', ['a', 'ok'])])
      await first.start(plan)
      await running.promise
      await close(first)

      const second = await open(makes)
      await until(second, ({ status }) => status === 'waiting')
      expect((await second.get(key))?.nodes).toMatchObject({ a: { status: 'done' }, ok: { status: 'open' } })
      await second.signal(key, 'ok', decisionFor(plan, 'approve'))

      expect((await ended(second)).status).toBe('published')
    })

    test('a step that throws without being aborted is a bug that people see', async () => {
      const engine = await open(() => Promise.reject(new Error('out of cheese')))

      await engine.start(samplePlan([sampleStep('a')]))
      const run = await ended(engine)

      expect(run.nodes['a']).toMatchObject({ failure: { class: 'bug', message: 'out of cheese' } })
    })
  })
}

const diamond = samplePlan([
  sampleStep('a'),
  sampleStep('b', ['a']),
  sampleStep('c', ['a']),
  sampleStep('d', ['b', 'c']),
])
const gated = samplePlan([sampleStep('a'), sampleGate('ok', ['a']), sampleStep('b', ['ok'])])

const failed = (fate: 'user' | 'transient'): StepOutcome => ({
  status: 'failed',
  failure: { class: fate, code: 'X', message: 'no' },
})

/** Holds steps back until as many as expected are there, so that the limit is not met by chance. */
function crowdOf(size: number) {
  let now = 0
  let most = 0
  let started = 0
  const full = Promise.withResolvers<void>()
  return {
    most: () => most,
    execute: async ({ node }: StepTask): Promise<StepOutcome> => {
      now += 1
      started += 1
      most = Math.max(most, now)
      if (started >= size) full.resolve()
      await full.promise
      await new Promise(setImmediate)
      now -= 1
      return done(node.id)
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

export function ended(engine: Engine): Promise<Run> {
  return until(engine, ({ endedAt }) => endedAt !== undefined)
}

export async function until(
  engine: Engine,
  isReached: (run: Run) => boolean,
  of: ReleaseKey = key,
): Promise<Run> {
  const signal = AbortSignal.timeout(watchMs)
  for await (const run of engine.watch(of, signal)) {
    if (isReached(run)) return run
  }
  throw new Error(`The run did not get there: ${JSON.stringify((await engine.get(of))?.nodes)}`)
}
