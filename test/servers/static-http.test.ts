import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StaticServer, serveFolder } from './static-http.ts'

let folder: string
let server: StaticServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-http-'))
  await mkdir(join(folder, 'sub dir'))
  await writeFile(join(folder, 'sub dir/a+b.txt'), '0123456789')
  await writeFile(join(folder, 'empty'), '')
  server = await serveFolder(folder)
})

afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${server.url}/${path}`, { method, headers })

const path = 'sub%20dir/a+b.txt'

test('files are served whole, and folders and absent files are not', async () => {
  const response = await get(path)

  expect([response.status, await response.text()]).toEqual([200, '0123456789'])
  expect(await (await get('empty')).text()).toBe('')
  for (const absent of [
    'sub%20dir',
    'nothing',
    '../../etc/passwd',
    '..%2f..%2f..%2fetc/passwd',
    'empty/below',
  ]) {
    expect((await get(absent)).status, absent).toBe(404)
  }
  expect((await get(path, {}, 'PUT')).status).toBe(405)
  const head = await get(path, {}, 'HEAD')
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', ''])
})

test.each([
  ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
  ['bytes=8-', 206, '89', 'bytes 8-9/10'],
  ['bytes=-3', 206, '789', 'bytes 7-9/10'],
  ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
  ['bytes=10-', 416, '', 'bytes */10'],
  ['bytes=0-1,4-5', 200, '0123456789', null],
])('the range %s is answered with %i', async (range, status, body, contentRange) => {
  const response = await get(path, { range })

  expect([response.status, await response.text()]).toEqual([status, body])
  expect(response.headers.get('content-range')).toBe(contentRange)
})

test('what did not change is not sent again, and a range of a file that was replaced is the whole new one', async () => {
  const first = await get(path)
  const etag = first.headers.get('etag') ?? ''
  const modified = first.headers.get('last-modified') ?? ''
  expect((await get(path, { 'if-none-match': `W/"x", ${etag}` })).status).toBe(304)
  expect((await get(path, { 'if-modified-since': modified })).status).toBe(304)
  expect((await get(path, { 'if-modified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' })).status).toBe(200)
  expect((await get(path, { 'if-none-match': '"x"', 'if-modified-since': modified })).status).toBe(200)

  await writeFile(join(folder, 'new'), 'replaced')
  await rename(join(folder, 'new'), join(folder, 'sub dir/a+b.txt'))

  expect((await get(path, { 'if-none-match': etag })).status).toBe(200)
  const resumed = await get(path, { range: 'bytes=4-', 'if-range': etag })
  expect([resumed.status, await resumed.text()]).toEqual([200, 'replaced'])
})

test('requests are recorded with their answers', async () => {
  const before = server.requests.length
  await (await get('empty', { range: 'bytes=0-', 'user-agent': 'test' })).text()
  await (await get('nothing')).text()

  expect(server.requests.slice(before)).toEqual([
    { method: 'GET', path: '/empty', status: 416, range: 'bytes=0-', userAgent: 'test' },
    { method: 'GET', path: '/nothing', status: 404, userAgent: expect.any(String) },
  ])
})
