import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { PutResult } from '../../src/storage/storage.ts'
import type { Fault, SeenRequest } from '../servers/s3-faults.ts'
import { bytesAt, isComplete, isPart, mebibyte, pathsIn, s3World } from './s3-world.ts'

const world = s3World()
const inParts = { partSizeMiB: 5, parallel: 1 }
const denied: Fault = { kind: 'answer', status: 403, code: 'AccessDenied' }

const numbersOfParts = (): number[] =>
  world.seen.filter(isPart).map(({ query }) => Number(query.get('partNumber')))

const movedBytes = (): number =>
  world.proxy.requests.reduce((sum, { sentBytes, receivedBytes }) => sum + sentBytes + receivedBytes, 0)

describe('an upload in parts', () => {
  test('of a process that was killed is gone on with by the next one', async () => {
    const { body, bytes } = await world.largeFile(17 * mebibyte)
    const worker = join(import.meta.dirname, 's3-put-worker.ts')
    const args = [worker, JSON.stringify(world.options(inParts)), 'large', body.file]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    world.decide((request) => {
      if (!isPart(request) || request.query.get('partNumber') !== '3') return undefined
      child.kill('SIGKILL')
      return { kind: 'reset' }
    })
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
    expect(await pathsIn(world.open())).toEqual([])
    world.decide(() => undefined)

    await world.open(inParts).put('large', body)

    expect(numbersOfParts()).toEqual([3, 4])
    expect(movedBytes()).toBeLessThan(7 * mebibyte + 64 * 1024)
    expect(bytes.equals(await bytesAt(world.open(), 'large'))).toBe(true)
    expect(await world.unfinishedUploads()).toEqual([])
  })

  test('with parts of another size is not gone on with', async () => {
    const { body, bytes } = await world.largeFile(11 * mebibyte)
    world.decide((request) => (isComplete(request) ? denied : undefined))
    await expect(world.open(inParts).put('large', body)).rejects.toThrow()
    world.decide(() => undefined)

    await world.open({ partSizeMiB: 6, parallel: 1 }).put('large', body)

    expect(numbersOfParts()).toEqual([1, 2])
    expect(bytes.equals(await bytesAt(world.open(), 'large'))).toBe(true)
  })

  test('that only lacks its completion sends no part again', async () => {
    const { body, bytes } = await world.largeFile(6 * mebibyte)
    world.decide((request) => (isComplete(request) ? denied : undefined))
    await expect(world.open(inParts).put('large', body)).rejects.toThrow()
    world.decide(() => undefined)

    await world.open(inParts).put('large', body)

    expect(numbersOfParts()).toEqual([])
    expect(bytes.equals(await bytesAt(world.open(), 'large'))).toBe(true)
  })

  test('whose completion worked and whose answer was lost is done', async () => {
    const { body, bytes } = await world.largeFile(6 * mebibyte)
    let lost = 0
    world.decide((request) => (isComplete(request) && lost++ === 0 ? { kind: 'lost answer' } : undefined))

    expect(await world.open(inParts).put('large', body)).toMatchObject({ status: 'written' })

    expect(lost).toBe(2)
    expect(bytes.equals(await bytesAt(world.open(), 'large'))).toBe(true)
  })

  test('that another process finishes meanwhile is done for both', async () => {
    const { body, bytes } = await world.largeFile(11 * mebibyte)
    world.decide((request) => (isPart(request) && numbersOfParts().length > 1 ? denied : undefined))
    await expect(world.open(inParts).put('large', body)).rejects.toThrow()
    let other: Promise<PutResult> | undefined
    let isOtherDone = false
    world.decide((request) => {
      if (!isPart(request)) return undefined
      // What radosgw says of parts of an upload that is finished; by the proxy, since it may break the connection as well.
      if (isOtherDone) return { kind: 'answer', status: 404, code: 'NoSuchUpload' }
      other ??= world
        .open({ ...inParts, endpoint: world.server.endpoint })
        .put('large', body)
        .finally(() => {
          isOtherDone = true
        })
      return { kind: 'answer', status: 503, code: 'SlowDown' }
    })

    const own = await world.open(inParts).put('large', body)

    expect([own, await other]).toMatchObject([{ status: 'written' }, { status: 'written' }])
    expect(bytes.equals(await bytesAt(world.open(), 'large'))).toBe(true)
    expect(await world.unfinishedUploads()).toEqual([])
  })

  test('that loses against another writer is given up with its parts', async () => {
    const { body } = await world.largeFile(6 * mebibyte)
    const storage = world.open(inParts)
    await storage.put('first', Buffer.from('1'), { condition: { ifAbsent: true } })
    const record = JSON.parse((await bytesAt(storage, '.hawser/capabilities.json')).toString())
    const able = Buffer.from(JSON.stringify({ ...record, conditionalComplete: true }))
    await storage.put('.hawser/capabilities.json', able)
    world.decide((request) => {
      if (!isComplete(request)) return undefined
      expect(request.headers['if-none-match']).toBe('*')
      return { kind: 'answer', status: 412, code: 'PreconditionFailed' }
    })

    const result = await world.open(inParts).put('large', body, { condition: { ifAbsent: true } })

    expect(result).toEqual({ status: 'conflict' })
    expect(world.seen.filter(isComplete)).toHaveLength(1)
    expect(await world.unfinishedUploads()).toEqual([])
  })
})

const isPartCopy = (request: SeenRequest): boolean =>
  isPart(request) && request.headers['x-amz-copy-source'] !== undefined

describe('composing', () => {
  test('does without copied ranges where the service has none, and asks only once', async () => {
    const { body, bytes } = await world.largeFile(6 * mebibyte)
    const storage = world.open()
    await storage.put('base', body)
    world.decide((request) =>
      isPartCopy(request) ? { kind: 'answer', status: 501, code: 'NotImplemented' } : undefined,
    )
    const pieces = [{ from: 'base', start: 0, end: bytes.length }, Buffer.from('tail')]

    await storage.compose('one', pieces)
    await storage.compose('two', pieces)

    const expected = Buffer.concat([bytes, Buffer.from('tail')])
    expect(expected.equals(await bytesAt(storage, 'one'))).toBe(true)
    expect(expected.equals(await bytesAt(storage, 'two'))).toBe(true)
    expect(world.seen.filter(isPartCopy)).toHaveLength(1)
    expect(await world.unfinishedUploads()).toEqual([])
  })

  test('that fails leaves no parts, and what was there', async () => {
    const { body, bytes } = await world.largeFile(12 * mebibyte)
    const storage = world.open()
    await storage.put('base', body)
    await storage.put('target', Buffer.from('old'))
    world.decide((request) => (isPartCopy(request) ? denied : undefined))

    const work = storage.compose('target', [
      Buffer.from('head'),
      { from: 'base', start: 0, end: bytes.length },
    ])

    await expect(work).rejects.toMatchObject({ code: 'S3_DENIED' })
    expect((await bytesAt(storage, 'target')).toString()).toBe('old')
    expect(await world.unfinishedUploads()).toEqual([])
  })

  test('of many pieces moves at most one small part for each of those that are too small', async () => {
    const { body, bytes } = await world.largeFile(20 * mebibyte)
    const storage = world.open()
    await storage.put('base', body)
    world.decide(() => undefined)
    const cut = 7 * mebibyte

    await storage.compose('mixed', [
      { from: 'base', start: 0, end: cut },
      Buffer.from(' new '),
      { from: 'base', start: cut, end: bytes.length },
    ])

    // The new bytes go in one part of 5 MiB, whose rest is read and sent.
    expect(movedBytes()).toBeLessThan(10 * mebibyte + 64 * 1024)
    const expected = Buffer.concat([bytes.subarray(0, cut), Buffer.from(' new '), bytes.subarray(cut)])
    expect(expected.equals(await bytesAt(storage, 'mixed'))).toBe(true)
  })
})

test('a copy inside the service moves no bytes through this machine, also from another prefix', async () => {
  const { body, bytes } = await world.largeFile(6 * mebibyte)
  const from = world.open({ prefix: 'testing' })
  const to = world.open({ prefix: 'stable' })
  await from.put('pool/x.deb', body)
  world.decide(() => undefined)

  expect(await to.copy({ storage: from, path: 'pool/x.deb' }, 'pool/x.deb')).toBe(true)

  expect(movedBytes()).toBeLessThan(64 * 1024)
  expect(bytes.equals(await bytesAt(to, 'pool/x.deb'))).toBe(true)
})
