import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openArtifactStore } from '../../src/artifacts/store.ts'
import { digestOfFile, isDigest } from '../../src/lib/digest.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-crash-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Adds blobs of several sizes, and records, for ever; prints what it was told is stored. */
const writing = (store: string): string => `
  const sources = ${JSON.stringify(join(import.meta.dirname, '../../src'))}
  const { openArtifactStore } = await import(sources + '/artifacts/store.ts')
  const { randomBytes } = await import('node:crypto')
  const store = await openArtifactStore(${JSON.stringify(store)})
  async function* pieces(count) { for (let i = 0; i < count; i += 1) yield randomBytes(50_000) }
  for (let i = 0; ; i += 1) {
    const { digest } = await store.add(pieces(i % 20), { durable: i % 2 === 0 })
    await store.putRecord(digest, { digest })
    console.log(digest)
  }
`

test('a writer killed at any moment leaves only whole blobs and records', async () => {
  const path = join(folder, 'store')
  const told: string[] = []
  for (const linesMin of [1, 2, 4, 7, 11, 16]) {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', writing(path)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let lines = 0
    for await (const line of createInterface(child.stdout)) {
      told.push(line)
      lines += 1
      if (lines === linesMin) child.kill('SIGKILL')
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  const warnings: string[] = []
  const store = await openArtifactStore(path, { warn: (message) => warnings.push(message) })

  expect(told.length).toBeGreaterThanOrEqual(41)
  for (const digest of told) {
    if (!isDigest(digest)) throw new Error(`The writer printed ${digest}`)
    expect(await store.has(digest)).toBe(true)
    expect(await store.getRecord(digest)).toEqual({ digest })
  }
  for (const file of await readdir(join(path, 'sha256'), { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue
    expect((await digestOfFile(join(file.parentPath, file.name))).digest).toBe(`sha256:${file.name}`)
  }
  expect(warnings).toEqual([])
})

test('many writers of the same blobs do not disturb each other', async () => {
  const path = join(folder, 'store')
  const program = `
    const { openArtifactStore } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/artifacts/store.ts'))})
    const store = await openArtifactStore(${JSON.stringify(path)}, { warn: (message) => { throw new Error(message) } })
    for (let i = 0; i < 50; i += 1) {
      async function* bytes() { yield Buffer.alloc(100_000, i) }
      const { digest } = await store.add(bytes())
      if (!(await store.has(digest))) throw new Error('lost ' + i)
    }
  `

  const children = [1, 2, 3].map(() =>
    spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' }),
  )
  const exits = await Promise.all(children.map((child) => once(child, 'exit')))

  expect(exits.map(([code]) => code)).toEqual([0, 0, 0])
  const blobs = (await readdir(join(path, 'sha256'), { recursive: true })).filter(
    (name) => name.length === 67,
  )
  expect(blobs).toHaveLength(50)
  expect(await readdir(join(path, 'temporary'))).toEqual([])
})
