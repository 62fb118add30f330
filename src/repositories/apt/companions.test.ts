import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fileStorage } from '../../storage/file/file-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import { format, packages, writeSuite } from './testdata/foreign-suite.ts'

let folder: string
let storage: Storage

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-apt-'))
  storage = fileStorage(folder)
})
afterEach(() => rm(folder, { recursive: true }))

async function entryNow(options?: object) {
  const entry = await format(options).readEntry(storage, {})
  if (entry === undefined) throw new Error('no entry')
  return entry
}

const textAt = async (path: string): Promise<string | undefined> => {
  const bytes = await (await storage.get(path))?.bytes()
  return bytes === undefined ? undefined : Buffer.from(bytes).toString()
}

describe('usual names', () => {
  const fields = `Hawser-Generation: 1 ${'a'.repeat(64)}\nDate: Tue, 01 Jul 2025 12:00:00 UTC\n`
  const index = `dists/stable/${packages('amd64')}`

  async function stale(options: object = {}): Promise<readonly string[]> {
    const entry = await entryNow(options)
    const found = await format(options).staleCompanions(storage, entry, { signers: [] })
    return found.map((companion) => {
      if ('isRemoval' in companion) return `delete ${companion.path}`
      return 'copyOf' in companion ? `${companion.path} from ${companion.copyOf}` : companion.path
    })
  }

  beforeEach(async () => {
    await writeSuite(storage, { indexes: { [packages('amd64')]: 'text' }, byHash: true, fields })
    const release = await storage.get('dists/stable/InRelease')
    await storage.put('dists/stable/Release', (await release?.bytes()) ?? new Uint8Array(0))
  })

  const bodyOf = async (): Promise<string> => {
    const listed = (await entryNow()).indexes.get(packages('amd64'))?.forms.get('gzip')
    return `dists/stable/main/binary-amd64/by-hash/SHA256/${listed?.digests.sha256}`
  }

  test('are copies of the bodies: written when absent, of another size, or with another end', async () => {
    const body = await bodyOf()
    const bytes = Buffer.from((await (await storage.get(body))?.bytes()) ?? [])
    expect(await stale()).toEqual([`${index}.gz from ${body}`])

    await storage.put(`${index}.gz`, Buffer.concat([bytes, bytes]))
    expect(await stale()).toEqual([`${index}.gz from ${body}`])

    await storage.put(`${index}.gz`, Buffer.concat([bytes.subarray(0, -1), Buffer.from('x')]))
    expect(await stale()).toEqual([`${index}.gz from ${body}`])

    await storage.put(`${index}.gz`, bytes)
    expect(await stale()).toEqual([])
  })

  test('of the plain text go when they are of another state, since nothing renews them', async () => {
    await storage.copy({ path: await bodyOf() }, `${index}.gz`)
    await storage.put(index, Buffer.from('older text'))
    expect(await stale()).toEqual([`delete ${index}`])

    await storage.put(index, Buffer.from('text'))
    expect(await stale()).toEqual([])
  })

  test('go when they are turned off', async () => {
    expect(await stale({ usualNames: false })).toEqual([])

    await storage.put(`${index}.gz`, Buffer.from('older'))
    expect(await stale({ usualNames: false })).toEqual([`delete ${index}.gz`])
  })

  test('Release is renewed after them', async () => {
    await storage.put('dists/stable/Release', Buffer.from('old'))

    expect((await stale()).at(-1)).toBe('dists/stable/Release')
  })

  test('of a repository without names by hash are left alone', async () => {
    await writeSuite(storage, { indexes: { [packages('amd64')]: 'other' } })
    await storage.put('dists/stable/Release', Buffer.from((await textAt('dists/stable/InRelease')) ?? ''))

    expect(await stale()).toEqual([])
    expect(await stale({ usualNames: false })).toEqual([])
  })
})
