import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ArtifactStore, openArtifactStore } from '../../artifacts/store.ts'
import type { ContentEntry } from '../../packages/package-spec.ts'
import type { StepContext } from '../../pipeline/step.ts'
import { materialsOf } from '../materials.ts'
import { compressManPages } from './man-pages.ts'

let folder: string
let store: ArtifactStore
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-man-'))
  store = await openArtifactStore(join(folder, 'store'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const owned = { owner: 'root', group: 'root' }
const page = '.TH HELLO 1\n'.repeat(50)

async function fileAt(path: string): Promise<ContentEntry> {
  const original = join(folder, 'page')
  await writeFile(original, page)
  const { digest, sizeBytes } = await store.add(original)
  return {
    type: 'file',
    path,
    source: store.path(digest),
    sizeBytes,
    digest,
    mode: 0o644,
    role: 'doc',
    ...owned,
  }
}

function materials(how: 'peek' | 'fetch') {
  const context: StepContext = {
    run: { project: 'hello', version: '1.0.0', commit: 'c', epoch: 0 },
    results: {},
    root: folder,
    environment: {},
    signal: new AbortController().signal,
    now: () => new Date(0),
    log: () => undefined,
    maskSecret: () => undefined,
  }
  return materialsOf({}, context, store, how)
}

test('manual pages are compressed, and links to them follow', async () => {
  const link = { type: 'symlink', path: '/usr/share/man/man1/hi.1', target: 'hello.1', ...owned } as const
  const entries = [await fileAt('/usr/share/man/de/man1/hello.1'), link]

  const [file, linked] = (await compressManPages(entries, materials('fetch'))) ?? []

  expect(file).toMatchObject({ path: '/usr/share/man/de/man1/hello.1.gz', mode: 0o644, role: 'doc' })
  expect(linked).toMatchObject({ path: '/usr/share/man/man1/hi.1.gz', target: 'hello.1.gz' })
  const bytes = await readFile(file?.type === 'file' ? file.source : '')
  expect(gunzipSync(bytes).toString()).toBe(page)
  // RFC 1952: no name, no time, the best compression, an unknown system.
  expect([...bytes.subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255])
})

test('what is compressed already, or no manual page, stays as it is', async () => {
  const entries = [
    await fileAt('/usr/share/man/man1/hello.1.gz'),
    await fileAt('/usr/share/doc/hello/hello.1'),
    { type: 'directory', path: '/usr/share/man/man1', mode: 0o755, ...owned } as const,
  ]

  expect(await compressManPages(entries, materials('fetch'))).toEqual(entries)
})

test('a look gives the same entry and writes nothing; a page that is not at hand gives none', async () => {
  const entry = await fileAt('/usr/share/man/man1/hello.1')
  const [looked] = (await compressManPages([entry], materials('peek'))) ?? []
  expect(looked?.type === 'file' && (await store.has(looked.digest))).toBe(false)

  expect(await compressManPages([entry], materials('fetch'))).toEqual([looked])
  await rm(entry.type === 'file' ? entry.source : '')
  expect(await compressManPages([entry], materials('peek'))).toBeUndefined()
})
