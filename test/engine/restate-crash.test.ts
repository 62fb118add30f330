import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openRestateEngine } from '../../src/engine/restate/restate-engine.ts'
import { identityOf, isAlive, type ProcessIdentity } from '../../src/lib/process-identity.ts'
import type { Plan } from '../../src/pipeline/plan.ts'
import { planDigest } from '../../src/pipeline/plan-digest.ts'
import type { Run } from '../../src/pipeline/run.ts'
import { sampleGate, samplePlan, sampleStep } from '../../src/pipeline/sample-plan.ts'
import { ended, until } from '../contract/engine.ts'

let folder: string
const workers: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-crash-'))
})
afterEach(async () => {
  for (const worker of workers.splice(0)) worker.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

describe('releases under kill -9', () => {
  test.each([
    ['the worker', 11],
    ['the server', 23],
    ['both', 37],
  ] as const)(
    'of %s: all finish, and each recorded result is the only one that was passed on',
    async (victim, seed) => {
      const plans = ['1.0.0', '1.0.1', '1.0.2', '1.0.3'].map(planOf)
      const crash = await crashing(plans)
      const random = randomOf(seed)
      let kills = 0

      while (!(await crash.isOver())) {
        const worker = crash.spawn()
        const gone = once(worker, 'exit')
        const server = await serverOf(worker)
        while (kills < 12 && worker.exitCode === null && worker.signalCode === null) {
          await Promise.race([gone, wait(60 + random() * 240)])
          kills += 1
          if (victim !== 'the worker') killServer(await currentServer(server))
          if (victim !== 'the server') worker.kill('SIGKILL')
        }
        await gone
      }

      const entries = await crash.entries()
      for (const plan of plans) checkRelease(plan, entries)
      await noServerLeft()
    },
    180_000,
  )

  test('a gate waits through the death of worker and server', async () => {
    const plan = samplePlan([sampleStep('a'), sampleGate('ok', ['a']), sampleStep('b', ['ok'])])
    const crash = await crashing([plan])
    const worker = crash.spawn()
    const server = await serverOf(worker)
    await expect
      .poll(async () => (await crash.entries()).filter(({ at }) => at === 'end').length, { timeout: 20_000 })
      .toBe(1)
    killServer(server)
    worker.kill('SIGKILL')
    await once(worker, 'exit')

    const engine = await openRestateEngine({
      folder: join(folder, 'engine'),
      codeVersion: '1',
      onNotice: () => undefined,
      execute: async () => ({ status: 'done', did: 'create', summary: 'made', result: 'after the crash' }),
    })
    try {
      await until(engine, ({ status }) => status === 'waiting')
      const decision = {
        decision: 'approve',
        by: 'ann',
        reason: '',
        at: '',
        planDigest: planDigest(plan),
      } as const
      await engine.signal({ project: 'hello', version: '1.0.0' }, 'ok', decision)
      const run = await ended(engine)

      expect(run.status).toBe('published')
      expect(run.nodes['a']).not.toMatchObject({ result: 'after the crash' })
      expect(run.nodes['b']).toMatchObject({ result: 'after the crash' })
    } finally {
      await engine.close()
    }
  }, 60_000)

  test('the server does not outlive a worker that was killed', async () => {
    const crash = await crashing([samplePlan([sampleGate('ok')])])
    const worker = crash.spawn()
    const server = await serverOf(worker)

    worker.kill('SIGKILL')

    await expect.poll(() => isAlive(server), { timeout: 20_000 }).toBe(false)
  }, 60_000)
})

function planOf(version: string): Plan {
  const nodes = [
    sampleStep('fetch'),
    sampleStep('build-deb', ['fetch']),
    sampleStep('build-rpm', ['fetch']),
    sampleStep('sign', ['build-deb', 'build-rpm']),
    sampleStep('publish-apt', ['sign']),
    sampleStep('publish-dnf', ['sign']),
    sampleStep('announce', ['publish-apt', 'publish-dnf']),
  ]
  const plan = samplePlan(nodes, 2)
  return { ...plan, run: { ...plan.run, version } }
}

const entrySchema = z.object({
  at: z.string().optional(),
  run: z.string().optional(),
  node: z.string().optional(),
  nonce: z.string().optional(),
  results: z.record(z.string(), z.string()).optional(),
  ended: z.custom<Run>().optional(),
})
type Entry = z.infer<typeof entrySchema>

async function crashing(plans: readonly Plan[]) {
  const log = join(folder, 'log')
  const plansFile = join(folder, 'plans.json')
  await writeFile(plansFile, JSON.stringify(plans))
  await writeFile(log, '')
  const entries = async (): Promise<Entry[]> => {
    const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '')
    return lines.map((line) => entrySchema.parse(JSON.parse(line)))
  }
  return {
    entries,
    isOver: async () => {
      const over = (await entries()).flatMap((entry) => (entry.ended === undefined ? [] : [entry.ended.id]))
      return new Set(over).size === plans.length
    },
    spawn: () => {
      const worker = fork(join(import.meta.dirname, 'crash-worker.ts'), [
        join(folder, 'engine'),
        log,
        plansFile,
      ])
      workers.push(worker)
      return worker
    },
  }
}

async function serverOf(worker: ChildProcess): Promise<ProcessIdentity> {
  const [message] = await once(worker, 'message')
  const { server } = z.object({ server: z.number() }).parse(message)
  const identity = await identityOf(server)
  if (identity === undefined) throw new Error('The server of the worker has ended')
  return identity
}

/** The engine starts a new server when the last one was killed. */
async function currentServer(first: ProcessIdentity): Promise<ProcessIdentity> {
  try {
    return JSON.parse(await readFile(join(folder, 'engine', 'server.pid'), 'utf8'))
  } catch {
    // Between two servers nothing is recorded.
    return first
  }
}

function killServer({ pid }: ProcessIdentity): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function checkRelease(plan: Plan, entries: readonly Entry[]): void {
  const run = entries.findLast((entry) => entry.ended?.plan.run.version === plan.run.version)?.ended
  if (run === undefined) throw new Error(`${plan.run.version} has not ended`)
  expect(run.status).toBe('published')
  const ofRun = entries.filter((entry) => entry.run === run.id)
  for (const { id } of plan.nodes) {
    const state = run.nodes[id]
    if (state?.status !== 'done') throw new Error(`${id} is ${state?.status}`)
    const finished = ofRun
      .filter((entry) => entry.at === 'end' && entry.node === id)
      .map(({ nonce }) => nonce)
    expect(finished).toContain(state.result)
    // Whoever was given a result of this step was given the recorded one.
    const given = ofRun.flatMap(({ results }) => (results?.[id] === undefined ? [] : [results[id]]))
    expect(new Set(given)).toEqual(new Set(given.length === 0 ? [] : [state.result]))
    // And whoever goes on from it does not meet the step at work once more.
    const firstGiven = ofRun.findIndex(({ results }) => results?.[id] !== undefined)
    const isAgain = ({ at, node }: Entry): boolean => at === 'start' && node === id
    if (firstGiven !== -1) expect(ofRun.slice(firstGiven).filter(isAgain)).toEqual([])
  }
}

async function noServerLeft(): Promise<void> {
  const text = await readFile(join(folder, 'engine', 'server.pid'), 'utf8').catch(() => undefined)
  if (text === undefined) return
  const last: ProcessIdentity = JSON.parse(text)
  await expect.poll(() => isAlive(last), { timeout: 20_000 }).toBe(false)
}

function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}
