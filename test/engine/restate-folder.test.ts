import { fork } from 'node:child_process'
import { on, once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { attachRestateEngine } from '../../src/engine/restate/attach.ts'
import { EngineHeld } from '../../src/engine/restate/engine-held.ts'
import { openRestateEngine, type RestateEngine } from '../../src/engine/restate/restate-engine.ts'
import { socketClient } from '../../src/engine/restate/socket-client.ts'
import { failureText } from '../../src/errors.ts'
import { identityOf, isAlive } from '../../src/lib/process-identity.ts'
import { planDigest } from '../../src/pipeline/plan-digest.ts'
import { sampleGate, samplePlan, sampleStep } from '../../src/pipeline/sample-plan.ts'
import { ended, until } from '../contract/engine.ts'

const key = { project: 'hello', version: '1.0.0' }
const gated = samplePlan([sampleStep('a'), sampleGate('ok', ['a']), sampleStep('b', ['ok'])])
let folder: string
const engines: RestateEngine[] = []

async function open(at = folder, codeVersion = '1'): Promise<RestateEngine> {
  const engine = await openRestateEngine({
    folder: at,
    codeVersion,
    onNotice: () => undefined,
    execute: async ({ node }) => ({ status: 'done', did: 'create', summary: 'made', result: node.id }),
  })
  engines.push(engine)
  return engine
}

const rejected = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => Promise.reject(new Error('It did not fail')),
    (error) => error,
  )

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-folder-'))
})
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close()
  await rm(folder, { recursive: true, force: true })
})

test('the second process is told who has the engine, and can watch, decide and read through it', async () => {
  const engine = await open()
  await engine.start(gated)

  const held = await rejected(open())
  expect(held).toBeInstanceOf(EngineHeld)
  expect(held).toMatchObject({ code: 'ENGINE_HELD', holder: { pid: process.pid } })

  const guest = await attachRestateEngine(folder)
  const waiting = await until(guest, ({ status }) => status === 'waiting')
  expect(waiting.nodes['ok']).toMatchObject({ status: 'open' })
  expect(await rejected(guest.start(gated))).toBeInstanceOf(EngineHeld)
  const decision = {
    decision: 'approve',
    by: 'bob',
    reason: '',
    at: '',
    planDigest: planDigest(gated),
  } as const
  await guest.signal(key, 'ok', decision)
  expect((await ended(guest)).status).toBe('published')
  expect((await guest.list()).map(({ id }) => id)).toEqual(['hello/1.0.0#1'])
  expect((await guest.get(key))?.status).toBe('published')
  await guest.close()
})

test('nobody can attach to an engine that does not run', async () => {
  const engine = await open()
  await engine.close()

  const error = await rejected(attachRestateEngine(folder))

  await expect(failureText(error)).toMatchFileSnapshot('testdata/errors/engine-not-running.txt')
})

test('closing leaves no process behind', async () => {
  const engine = await open()
  const server = await identityOf(engine.serverPid())

  await engine.close()

  expect(server !== undefined && (await isAlive(server))).toBe(false)
})

test('a run goes on under a newer version of the code', async () => {
  const before = await open(folder, '1')
  await before.start(gated)
  await until(before, ({ status }) => status === 'waiting')
  await before.close()

  const after = await open(folder, '2')
  const decision = {
    decision: 'approve',
    by: 'ann',
    reason: '',
    at: '',
    planDigest: planDigest(gated),
  } as const
  await after.signal(key, 'ok', decision)

  expect((await ended(after)).status).toBe('published')
})

test('versions of the code that nothing runs in are forgotten', async () => {
  for (const version of ['1', '2', '3']) await (await open(folder, version)).close()
  const engine = await open(folder, '3')
  await engine.start(samplePlan([sampleStep('a')]))

  expect((await ended(engine)).status).toBe('published')
  expect(await deploymentUris()).toEqual([expect.stringMatching(/\/3\/?$/)])
})

test('a folder deeper than sockets can be named works all the same', async () => {
  const deep = join(folder, ...Array.from({ length: 8 }, (_, index) => `a-rather-long-folder-name-${index}`))
  expect(deep.length).toBeGreaterThan(200)
  await mkdir(deep, { recursive: true })

  const engine = await open(deep)
  await engine.start(samplePlan([sampleStep('a')]))
  const run = await ended(engine)
  const guest = await attachRestateEngine(deep)

  expect(run.status).toBe('published')
  expect((await guest.get(key))?.id).toBe(run.id)
  await guest.close()
})

test('names with slashes, spaces and other letters are releases of their own', async () => {
  const engine = await open()
  const odd = { project: 'team a/größe', version: '1.0.0+x%2F' }
  await engine.start({ ...gated, run: { ...gated.run, ...odd } })

  const run = await until(engine, ({ status }) => status === 'waiting', odd)

  expect(run.id).toBe('team a/größe/1.0.0+x%2F#1')
  expect(await engine.get(key)).toBeUndefined()
})

test('only the owner can enter the folder, and only the server is answered', async () => {
  const engine = await open()
  await engine.start(samplePlan([sampleStep('a')]))

  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  expect((await stat(join(folder, 'request-identity.pem'))).mode & 0o777).toBe(0o600)
  expect(await statusOfUnsignedRequest(await endpointPort())).toBe(401)
})

test('a state that a newer server has written is not opened', async () => {
  await writeFile(join(folder, 'server-version'), '99.1.0')

  const error = await rejected(open())

  const text = failureText(error).replace(/has \d+\.\d+\.\d+/, 'has X.Y.Z')
  await expect(text).toMatchFileSnapshot('testdata/errors/engine-downgrade.txt')
})

test('a folder that cannot be one is told with the reason', async () => {
  await writeFile(join(folder, 'file'), '')

  const error = await rejected(open(join(folder, 'file', 'engine')))

  const text = failureText(error).replace(folder, '/project/.hawser')
  await expect(text).toMatchFileSnapshot('testdata/errors/engine-folder.txt')
})

test('secrets of the environment do not reach the server', async () => {
  process.env['HAWSER_TEST_SECRET'] = 'hunter2'
  try {
    const engine = await open()
    const environment = await readFile(`/proc/${engine.serverPid()}/environ`, 'utf8')
    expect(environment).not.toContain('hunter2')
  } finally {
    delete process.env['HAWSER_TEST_SECRET']
  }
})

test('a killed process does not keep the folder', async () => {
  const log = join(folder, 'log')
  const plans = join(folder, 'plans.json')
  await writeFile(plans, JSON.stringify([samplePlan([sampleGate('ok')])]))
  const worker = fork(join(import.meta.dirname, 'crash-worker.ts'), [join(folder, 'engine'), log, plans])
  for await (const [message] of on(worker, 'message')) if ('started' in message) break
  const held = await rejected(open(join(folder, 'engine')))
  expect(held).toMatchObject({ holder: { pid: worker.pid } })
  worker.kill('SIGKILL')
  await once(worker, 'exit')

  const engine = await open(join(folder, 'engine'))

  expect((await engine.get(key))?.status).toBe('waiting')
})

/** The server lists it; other local users would have to guess. */
async function endpointPort(): Promise<number> {
  const [uri = ''] = await deploymentUris()
  return Number(new URL(uri).port)
}

async function deploymentUris(): Promise<string[]> {
  const admin = socketClient(join(folder, 'server', 'hawser', 'admin.sock'))
  const { json } = await admin.send({ method: 'GET', path: '/deployments' })
  admin.close()
  const listed = z.object({ deployments: z.array(z.object({ uri: z.string() })) })
  return listed.parse(json).deployments.map(({ uri }) => uri)
}

async function statusOfUnsignedRequest(port: number): Promise<unknown> {
  const session = connect(`http://127.0.0.1:${port}`)
  const request = session.request({
    ':path': '/1/discover',
    accept: 'application/vnd.restate.endpointmanifest.v3+json',
  })
  request.end()
  const [headers] = await once(request, 'response')
  session.close()
  return headers[':status']
}
