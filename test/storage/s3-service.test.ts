import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { s3Options } from '../../src/storage/s3/s3.ts'
import { s3Storage } from '../../src/storage/s3/s3-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { type Fault, withoutConditions } from '../servers/s3-faults.ts'
import { conditionHeaders, type StrippingProxy, startStrippingProxy } from '../servers/s3-stripping.ts'
import { bytesAt, pathsIn, s3World } from './s3-world.ts'

const world = s3World()
let ignoring: StrippingProxy
beforeAll(async () => {
  ignoring = await startStrippingProxy(world.server.endpoint, conditionHeaders)
})
afterAll(() => ignoring.close())

const recordPath = '.hawser/capabilities.json'
const recordOf = async (storage: Storage): Promise<object> =>
  JSON.parse((await bytesAt(storage, recordPath)).toString())
const create = (storage: Storage, text = '1') =>
  storage.put('x', Buffer.from(text), { condition: { ifAbsent: true } })
/** What radosgw can do, when nothing is in the way. */
const radosgw = { ifNoneMatch: true, ifMatch: 'unquoted', conditionalComplete: false }
const busy: Fault = { kind: 'answer', status: 503, code: 'SlowDown' }

describe('a service that takes conditions and ignores them', () => {
  const open = (): Storage => world.open({ endpoint: ignoring.endpoint })

  test('is found out, and the trial leaves nothing', async () => {
    await create(open())

    expect(await recordOf(open())).toMatchObject({
      ifNoneMatch: false,
      ifMatch: 'none',
      conditionalComplete: false,
    })
    expect(await pathsIn(open())).toEqual([recordPath, 'x'])
    expect(await world.unfinishedUploads()).toEqual([])
  })

  test('still lets only one of many writers win, and leaves no claims', async () => {
    const writers = Array.from({ length: 8 }, open)

    const results = await Promise.all(writers.map((storage, index) => create(storage, `${index}`)))

    expect(results.filter(({ status }) => status === 'written')).toHaveLength(1)
    expect(await pathsIn(open())).toEqual([recordPath, 'x'])
  })
})

describe('the trial of a service', () => {
  test('leaves no parts behind where conditions are refused', async () => {
    world.decide(withoutConditions)

    await create(world.open())

    expect(await pathsIn(world.open())).toEqual([recordPath, 'x'])
    expect(await world.unfinishedUploads()).toEqual([])
  })

  test.each<[what: string, fault: Fault]>([
    ['lost', { kind: 'lost answer' }],
    ['an internal error', { kind: 'answer', status: 500, code: 'InternalError' }],
  ])('finds the same when any one answer is %s', async (_, fault) => {
    let calls = Number.POSITIVE_INFINITY
    for (let number = 0; number < calls; number++) {
      const prefix = `try-${number}`
      let count = 0
      world.decide(() => (count++ === number ? fault : undefined))

      expect(await create(world.open({ prefix }))).toMatchObject({ status: 'written' })

      if (count <= number + 1) calls = number
      world.decide(() => undefined)
      expect([number, await recordOf(world.open({ prefix }))]).toMatchObject([number, radosgw])
      expect(await pathsIn(world.open({ prefix }))).toEqual([recordPath, 'x'])
    }
    expect(calls).toBeGreaterThan(8)
  })

  test('that never gets through says that it does not know, and notes nothing', async () => {
    let count = 0
    world.decide(({ method, headers }) =>
      method === 'PUT' && headers['if-none-match'] !== undefined && count++ % 2 === 0
        ? { kind: 'lost answer' }
        : undefined,
    )

    const error = await create(world.open()).catch((reason: unknown) => reason)

    const text = failureText(error).replaceAll(world.bucket, '<bucket>')
    await expect(`${text}\n`).toMatchFileSnapshot('testdata/errors/s3-unsure.txt')
    world.decide(() => undefined)
    expect(await pathsIn(world.open())).toEqual([])
  })
})

test.each<[what: string, change: (record: object) => string]>([
  [
    'another endpoint',
    (record) => JSON.stringify({ ...record, endpoint: 'https://s3.example.org eu-test-1' }),
  ],
  [
    'another region',
    (record) => JSON.stringify({ ...record, endpoint: `${world.proxy.endpoint} us-east-1` }),
  ],
  ['a later kind of trial', (record) => JSON.stringify({ ...record, probe: 2 })],
  ['a field that is missing', (record) => JSON.stringify({ ...record, ifMatch: undefined })],
  ['half of it', (record) => JSON.stringify(record).slice(0, 40)],
  ['nothing', () => ''],
])('a record of what the service can do is not believed: %s', async (_, change) => {
  await create(world.open())
  const record = { ...(await recordOf(world.open())), ifNoneMatch: false, ifMatch: 'none' }
  await world.open().put(recordPath, Buffer.from(change(record)))

  expect(await create(world.open(), '2')).toEqual({ status: 'conflict' })

  expect(await recordOf(world.open())).toEqual({
    probe: 1,
    endpoint: `${world.proxy.endpoint} eu-test-1`,
    bucket: world.bucket,
    ...radosgw,
  })
})

describe('a conditional write', () => {
  const faultOnce = (fault: Fault, and: () => Promise<unknown> = async () => undefined): void => {
    let state: 'first' | 'waiting' | 'done' = 'first'
    world.decide(({ method, path }) => {
      if (method !== 'PUT' || !path.endsWith('/x') || state === 'done') return undefined
      if (state === 'waiting') return busy
      state = 'waiting'
      void and().finally(() => {
        state = 'done'
      })
      return fault
    })
  }
  const other = (): Storage => s3Storage(s3Options.parse(world.options({ endpoint: world.server.endpoint })))

  test('that replaces and whose answer was lost is recognised as ours', async () => {
    const storage = world.open()
    const first = await create(storage)
    if (first.status !== 'written') throw new Error('There was nothing before')
    faultOnce({ kind: 'lost answer' })

    const result = await storage.put('x', Buffer.from('2'), { condition: { ifVersion: first.version } })

    expect(result).toEqual({ status: 'written', version: (await storage.head('x'))?.version })
  })

  test('that never arrived is not ours because somebody else wrote the same bytes', async () => {
    const storage = world.open()
    await storage.put('y', Buffer.from('1'), { condition: { ifAbsent: true } })
    faultOnce({ kind: 'reset' }, () => other().put('x', Buffer.from('same')))

    expect(await create(storage, 'same')).toEqual({ status: 'conflict' })
  })
})
