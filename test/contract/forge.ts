import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Refusal, UserError } from '../../src/errors.ts'
import type { Forge, NewRelease } from '../../src/forge/forge.ts'
import { type Digest, digestOf } from '../../src/lib/digest.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { describeRemoval } from './forge-removal.ts'
import type { Work } from './forge-worker.ts'

export interface ForgeUnderTest {
  /** The provider's name and options, so that other processes can open the same forge. */
  readonly provider: string
  readonly options: JsonObject
  readonly root: string
  readonly environment: { readonly [name: string]: string }
  readonly forge: Forge
  /** Full ids, oldest first; their titles are "commit 1", "commit 2", "commit 3". The branch "main" is at the last. */
  readonly commits: readonly [string, string, string]
  close(): Promise<void>
}

const date = new Date('2024-05-01T00:00:00Z')

/** What every kind of forge must do. `open` makes a new one with three commits and nothing else. */
export function forgeContract(name: string, open: () => Promise<ForgeUnderTest>): void {
  describe(`${name} forge`, () => {
    let subject: ForgeUnderTest
    beforeEach(async () => {
      subject = await open()
    })
    afterEach(() => subject.close())

    describe('history', () => describeHistory(() => subject))
    describe('tags', () => describeTags(() => subject))
    describe('releases', () => describeReleases(() => subject))
    describe('assets', () => describeAssets(() => subject))
    describe('files', () => describeContents(() => subject))
    describe('removal', () => describeRemoval(() => subject))
    describe('processes', () => describeProcesses(() => subject))
  })
}

function describeContents(subject: () => ForgeUnderTest): void {
  test('files are read and listed as they are at a commit; what is not there is undefined', async () => {
    const { forge, commits } = subject()
    if (forge.contents === undefined) throw new Error('Every forge so far has them')

    expect(await forge.contents.read('file', commits[0])).toBe('content 1')
    expect(await forge.contents.read('file', commits[2])).toBe('content 3')
    expect(await forge.contents.read('*', commits[2])).toBeUndefined()
    expect(await forge.contents.read('file', 'f'.repeat(40))).toBeUndefined()
    expect(await forge.contents.list(commits[2])).toEqual(['file'])
    expect(await forge.contents.list('f'.repeat(40))).toBeUndefined()
  })
}

function describeHistory(subject: () => ForgeUnderTest): void {
  test('revisions are resolved; what does not exist is undefined', async () => {
    const { forge, commits } = subject()

    expect(await forge.resolve('main')).toBe(commits[2])
    expect(await forge.resolve(commits[0])).toBe(commits[0])
    expect(await forge.resolve('no-such-branch')).toBeUndefined()
    expect(await forge.resolve('f'.repeat(40))).toBeUndefined()
    expect(await forge.resolve('--all')).toBeUndefined()
  })

  test('commits come newest first, without those of the older release', async () => {
    const { forge, commits } = subject()

    const titles = async (from: string | undefined) =>
      (await forge.commitsBetween(from, commits[2])).map(({ title }) => title)

    expect(await titles(undefined)).toEqual(['commit 3', 'commit 2', 'commit 1'])
    expect(await titles(commits[0])).toEqual(['commit 3', 'commit 2'])
    expect(await titles(commits[2])).toEqual([])
  })

  test('a commit has its body, author and date', async () => {
    const { forge, commits } = subject()

    expect((await forge.commitsBetween(commits[1], 'main'))[0]).toEqual({
      id: commits[2],
      title: 'commit 3',
      body: 'Body of 3.\n\nFixes: größer',
      author: 'Ann Author',
      date: 1_700_000_003,
    })
  })

  test('an unknown revision is an error, not an empty list', async () => {
    await expect(subject().forge.commitsBetween('v0', 'main')).rejects.toThrow(UserError)
  })
}

function describeTags(subject: () => ForgeUnderTest): void {
  test('a tag is annotated and at its commit, and creating it again changes nothing', async () => {
    const { forge, commits } = subject()
    const tag = { name: 'v1.0.0', commit: commits[1], message: 'Release 1.0.0', date }
    expect(await forge.findTag('v1.0.0')).toBeUndefined()

    const created = await forge.createTag(tag)

    expect(created).toEqual({ name: 'v1.0.0', commit: commits[1], annotated: true, signed: false, date })
    expect(await forge.createTag({ ...tag, message: 'again' })).toEqual(created)
    expect(await forge.findTag('v1.0.0')).toEqual(created)
    expect(await forge.listTags()).toEqual([created])
    expect(await forge.resolve('v1.0.0')).toBe(commits[1])
  })

  test('a tag is never moved', async () => {
    const { forge, commits } = subject()
    await forge.createTag({ name: 'v1', commit: commits[1], message: 'one', date })

    await expect(forge.createTag({ name: 'v1', commit: commits[2], message: 'one', date })).rejects.toThrow(
      Refusal,
    )
    expect((await forge.findTag('v1'))?.commit).toBe(commits[1])
  })

  test('of many who create one tag at different commits, one commit wins', async () => {
    const { forge, commits } = subject()
    const wanted = Array.from({ length: 8 }, (_, index) => commits[index % 2 === 0 ? 0 : 2])

    const results = await Promise.allSettled(
      wanted.map((commit) => forge.createTag({ name: 'v1', commit, message: 'one', date })),
    )

    const commit = (await forge.findTag('v1'))?.commit
    const expected = wanted.map((each) => (each === commit ? 'fulfilled' : 'rejected'))
    expect(results.map(({ status }) => status)).toEqual(expected)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(Refusal)
    }
  })

  test.each(['', '../x', 'a..b', '-d', 'a b', 'a~1', 'refs/', '.x', 'x.lock', 'a\nb', '@{0}', '*'])(
    'the tag name %j is refused by every call',
    async (name) => {
      const { forge, commits } = subject()

      await expect(forge.createTag({ name, commit: commits[0], message: 'x', date })).rejects.toThrow(
        UserError,
      )
      await expect(forge.findTag(name)).rejects.toThrow(UserError)
      await expect(forge.findRelease(name)).rejects.toThrow(UserError)
      await expect(forge.createDraft({ ...draftOf(subject()), tag: name })).rejects.toThrow(UserError)
    },
  )
}

function draftOf({ commits }: ForgeUnderTest): NewRelease {
  return {
    tag: 'v1.0.0',
    name: 'One',
    notes: '# Notes\n\nwith "all" ✓\n',
    commit: commits[1],
    isPrerelease: false,
  }
}

async function tagOf(subject: ForgeUnderTest): Promise<void> {
  await subject.forge.createTag({ name: 'v1.0.0', commit: subject.commits[1], message: 'One', date })
}

function describeReleases(subject: () => ForgeUnderTest): void {
  test('a draft is found and listed as a draft, and creating it again changes nothing', async () => {
    const { forge } = subject()
    expect(await forge.findRelease('v1.0.0')).toBeUndefined()
    expect(await forge.listReleases()).toEqual([])

    const draft = await forge.createDraft(draftOf(subject()))

    expect(draft).toMatchObject({ ...draftOf(subject()), state: 'draft', assets: [] })
    expect(await forge.createDraft(draftOf(subject()))).toEqual(draft)
    expect(await forge.findRelease('v1.0.0')).toEqual(draft)
    expect(await forge.listReleases()).toEqual([draft])
  })

  test.each([{ notes: 'other' }, { name: 'Two' }, { isPrerelease: true }])(
    'a draft with other content is refused: %j',
    async (change) => {
      const { forge } = subject()
      await forge.createDraft(draftOf(subject()))

      await expect(forge.createDraft({ ...draftOf(subject()), ...change })).rejects.toThrow(Refusal)
      expect(await forge.findRelease('v1.0.0')).toMatchObject(draftOf(subject()))
    },
  )

  test('a published release never changes, and publishing it again changes nothing', async () => {
    const { forge } = subject()
    await tagOf(subject())
    await forge.createDraft(draftOf(subject()))

    const published = await forge.publish('v1.0.0')

    expect(published).toMatchObject({ ...draftOf(subject()), state: 'published' })
    expect(await forge.publish('v1.0.0')).toEqual(published)
    expect(await forge.createDraft(draftOf(subject()))).toEqual(published)
    await expect(forge.createDraft({ ...draftOf(subject()), notes: 'other' })).rejects.toThrow(Refusal)
    expect(await forge.findRelease('v1.0.0')).toEqual(published)
  })

  test('what has no draft is not published; a draft whose tag is elsewhere neither', async () => {
    const { forge, commits } = subject()
    await expect(forge.publish('v1.0.0')).rejects.toThrow(UserError)
    await forge.createTag({ name: 'v1.0.0', commit: commits[0], message: 'One', date })
    await forge.createDraft(draftOf(subject()))

    await expect(forge.publish('v1.0.0')).rejects.toThrow(Refusal)
    expect((await forge.findRelease('v1.0.0'))?.state).toBe('draft')
  })
}

async function assetOf({ root }: ForgeUnderTest, name: string, content: string | Uint8Array) {
  const file = join(root, `built-${randomBytes(4).toString('hex')}`)
  await writeFile(file, content)
  return { name, file, digest: digestOf(content) }
}

async function download(forge: Forge, name: string): Promise<Digest> {
  const hash = createHash('sha256')
  for await (const chunk of await forge.downloadAsset('v1.0.0', name)) hash.update(chunk)
  return `sha256:${hash.digest('hex')}`
}

function describeAssets(subject: () => ForgeUnderTest): void {
  beforeEach(async () => {
    await tagOf(subject())
    await subject().forge.createDraft(draftOf(subject()))
  })

  test('assets come back byte for byte, from the draft and from the release', async () => {
    const { forge } = subject()
    const large = await assetOf(subject(), 'tool_1.0.0~rc1+b_amd64.deb', randomBytes(3_000_001))
    const empty = await assetOf(subject(), 'empty', '')

    for (const asset of [large, empty]) await forge.uploadAsset('v1.0.0', asset)
    expect(await download(forge, large.name)).toBe(large.digest)
    const { assets } = await forge.publish('v1.0.0')

    expect(await download(forge, large.name)).toBe(large.digest)
    expect(await download(forge, empty.name)).toBe(empty.digest)
    const sorted = [...assets].sort((a, b) => (a.name < b.name ? -1 : 1))
    expect(sorted).toMatchObject([
      { name: 'empty', sizeBytes: 0 },
      { name: large.name, sizeBytes: 3_000_001 },
    ])
    for (const { digest } of assets) expect([large.digest, empty.digest, undefined]).toContain(digest)
  })

  test('the same asset again changes nothing; other bytes under its name are refused', async () => {
    const { forge } = subject()
    const asset = await assetOf(subject(), 'tool', 'one')
    const uploaded = await forge.uploadAsset('v1.0.0', asset)

    expect(await forge.uploadAsset('v1.0.0', asset)).toEqual(uploaded)
    await expect(forge.uploadAsset('v1.0.0', await assetOf(subject(), 'tool', 'two'))).rejects.toThrow(
      Refusal,
    )
    expect(await download(forge, 'tool')).toBe(asset.digest)
  })

  test('a file that is not what was built is refused, and nothing of it is kept', async () => {
    const { forge } = subject()
    const asset = await assetOf(subject(), 'tool', 'one')

    await expect(forge.uploadAsset('v1.0.0', { ...asset, digest: digestOf('two') })).rejects.toThrow(
      UserError,
    )
    expect((await forge.findRelease('v1.0.0'))?.assets).toEqual([])
  })

  test('a published release takes its own assets again, no others and no new ones', async () => {
    const { forge } = subject()
    const asset = await assetOf(subject(), 'tool', 'one')
    await forge.uploadAsset('v1.0.0', asset)
    const published = await forge.publish('v1.0.0')

    expect(await forge.uploadAsset('v1.0.0', asset)).toMatchObject({ name: 'tool', sizeBytes: 3 })
    await expect(forge.uploadAsset('v1.0.0', await assetOf(subject(), 'tool', 'two'))).rejects.toThrow(
      Refusal,
    )
    await expect(forge.uploadAsset('v1.0.0', await assetOf(subject(), 'new', 'two'))).rejects.toThrow(Refusal)
    expect(await forge.findRelease('v1.0.0')).toEqual(published)
  })

  test.each(['', '.', '..', '../x', 'a/b', 'a\\b', '.hidden', 'a\nb', '/etc/passwd'])(
    'the asset name %j is refused',
    async (name) => {
      const { forge } = subject()

      await expect(forge.uploadAsset('v1.0.0', await assetOf(subject(), name, 'x'))).rejects.toThrow(
        UserError,
      )
      await expect(forge.downloadAsset('v1.0.0', name)).rejects.toThrow(UserError)
    },
  )

  test('many uploads and two publishers at once leave one release, with exactly the assets that it lists', async () => {
    const { forge } = subject()
    const assets = await Promise.all(
      Array.from({ length: 12 }, (_, index) => assetOf(subject(), `asset-${index}`, `content ${index}`)),
    )

    const uploads = assets.map((asset) => forge.uploadAsset('v1.0.0', asset))
    const publishing = uploads[2]?.then(() => Promise.all([forge.publish('v1.0.0'), forge.publish('v1.0.0')]))
    const results = await Promise.allSettled(uploads)
    const releases = await publishing

    expect(releases?.[0]).toEqual(releases?.[1])
    const listed = new Set(releases?.[0]?.assets.map(({ name }) => name))
    const uploaded = assets
      .filter((_, index) => results[index]?.status === 'fulfilled')
      .map(({ name }) => name)
    expect([...listed].sort()).toEqual(uploaded.sort())
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(Refusal)
    for (const { name, digest } of assets)
      if (listed.has(name)) expect(await download(forge, name)).toBe(digest)
  })
}

function describeProcesses(subject: () => ForgeUnderTest): void {
  async function workOf(tag: string): Promise<Work> {
    const { provider, options, root, environment, commits } = subject()
    const assets = []
    for (let index = 0; index < 6; index += 1) {
      assets.push(await assetOf(subject(), `asset-${index}`, randomBytes(4 << 20)))
    }
    const release = { ...draftOf(subject()), tag, commit: commits[1] }
    return { provider, options, root, environment, release, date: date.toISOString(), assets }
  }

  test('a run that is killed again and again ends with the same release', async () => {
    const started = performance.now()
    await runWorker(await workOf('v0.9.0'))
    const wholeMs = performance.now() - started
    const work = await workOf('v1.0.0')

    let kills = 0
    for (let round = 0; round < 15; round += 1) {
      const wasKilled = await runWorker(work, (wholeMs * (round + 1)) / 16)
      kills += wasKilled ? 1 : 0
    }
    await runWorker(work)

    // How many kills meet it at work depends on the machine; the end state must not.
    expect(kills).toBeGreaterThan(0)
    const found = await subject().forge.findRelease('v1.0.0')
    expect(found).toMatchObject({ ...work.release, state: 'published' })
    expect(await subject().forge.isTidy?.('v1.0.0')).not.toBe(false)
    expect(found?.assets.map(({ name }) => name).sort()).toEqual(work.assets.map(({ name }) => name))
    for (const { name, digest } of work.assets) expect(await download(subject().forge, name)).toBe(digest)
  })

  test('five processes that make the same release at once agree on it', async () => {
    const work = await workOf('v1.0.0')

    const killed = await Promise.all(Array.from({ length: 5 }, () => runWorker(work)))

    expect(killed).toEqual([false, false, false, false, false])
    expect((await subject().forge.findRelease('v1.0.0'))?.assets).toHaveLength(work.assets.length)
  })
}

/** Runs the work in a process of its own; true when it was killed before its end. A failure of its own throws. */
async function runWorker(work: Work, killAfterMs?: number): Promise<boolean> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'forge-worker.ts'), JSON.stringify(work)],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const errors: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const [code, signal] = await once(child, 'close')
  clearTimeout(timer)
  if (signal === 'SIGKILL') return true
  if (code !== 0) throw new Error(`the worker failed: ${Buffer.concat(errors).toString()}`)
  return false
}
