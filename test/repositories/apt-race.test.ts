import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { buildDeb } from '../clients/dpkg-deb.ts'
import {
  aptFormat,
  clientOf,
  makeKey,
  publishDebs,
  removeFolder,
  scratchFolder,
  type TestKey,
} from './apt-world.ts'

let folder: string
let key: TestKey

beforeAll(async () => {
  folder = await scratchFolder()
  key = await makeKey()
})

afterAll(() => removeFolder(folder))

test('publishers in several processes lose nothing, and clients can update at any moment', async () => {
  const repository = join(folder, 'race')
  const keyFile = join(folder, 'key.asc')
  await writeFile(keyFile, key.privateKeyArmored)
  const first = await buildDeb(folder, { name: 'first' })
  await publishDebs([first], { to: repository, key })
  const names = ['a', 'b', 'c'].map((letter) =>
    Array.from({ length: 6 }, (_, index) => `pkg-${letter}${index}`),
  )
  const client = await clientOf(repository, join(folder, 'client'))

  const publishers = []
  for (const share of names) {
    const debs: string[] = []
    for (const name of share) debs.push(await buildDeb(folder, { name }))
    const script = join(import.meta.dirname, 'apt-publisher.ts')
    const child = spawn(process.execPath, [script, repository, keyFile, ...debs], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    publishers.push(child)
  }
  const exits = publishers.map((child) => once(child, 'exit'))
  for (const child of publishers) child.stdin.end('go\n')
  let isDone = false
  const finished = Promise.all(exits).finally(() => {
    isDone = true
  })
  let updates = 0
  for (; !isDone; updates += 1) expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  expect((await finished).map(([status]) => status)).toEqual([0, 0, 0])

  expect(updates).toBeGreaterThan(0)
  await client.get('update')
  const expected = ['first', ...names.flat()].map((name) => `${name} 1.0-1 amd64`).sort()
  expect(await client.available()).toEqual(expected)
  const storage = fileStorage(repository)
  expect(
    await verifyRepository({ format: aptFormat(), storage, verifier: key.verifier, deep: true }),
  ).toEqual([])
})

test('three hundred packages at once, and one more after them', async () => {
  const repository = join(folder, 'many')
  const debs: string[] = []
  for (let index = 0; index < 300; index += 1) {
    debs.push(
      await buildDeb(folder, { name: `many-${index}`, architecture: index % 3 === 0 ? 'all' : 'amd64' }),
    )
  }

  const result = await publishDebs(debs, { to: repository, key })
  const oneMore = await publishDebs([...debs, await buildDeb(folder, { name: 'one-more' })], {
    to: repository,
    key,
  })

  expect(result.added).toHaveLength(300)
  expect([oneMore.added.length, oneMore.kept.length]).toEqual([1, 300])
  const client = await clientOf(repository, join(folder, 'client-many'))
  expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  expect(await client.available()).toHaveLength(301)
}, 240_000)
