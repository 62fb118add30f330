import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { NewRelease } from '../../src/forge/forge.ts'
import type { Removal } from '../../src/forge/forge-parts.ts'
import { digestOf } from '../../src/lib/digest.ts'
import type { ForgeUnderTest } from './forge.ts'

/** What `hawser replace` relies on, for kinds that can remove. */
export function describeRemoval(subject: () => ForgeUnderTest): void {
  test('what was removed is absent, and can be made anew of another commit', async () => {
    const { forge, commits } = subject()
    const { deleteRelease, deleteTag } = removalOf(subject())
    await make(subject(), commits[0], 'old bytes')

    await deleteRelease('v1')
    expect(await forge.findRelease('v1')).toBeUndefined()
    expect((await forge.findTag('v1'))?.commit).toBe(commits[0])
    await deleteTag('v1')

    expect(await forge.findTag('v1')).toBeUndefined()
    expect(await forge.listReleases()).toEqual([])
    expect(await forge.listTags()).toEqual([])
    await make(subject(), commits[2], 'new bytes')
    const release = await forge.publish('v1')
    expect(release).toMatchObject({ state: 'published', commit: commits[2] })
    expect(release.assets.map(({ name, digest }) => [name, digest])).toEqual([
      ['tool', digestOf('new bytes')],
    ])
  })

  test('a published release that may be replaced is removed like a draft', async () => {
    const { forge, commits } = subject()
    await make(subject(), commits[0], 'bytes')
    await forge.publish('v1')

    await removalOf(subject()).deleteRelease('v1')
    await removalOf(subject()).deleteTag('v1')

    expect(await forge.findRelease('v1')).toBeUndefined()
    expect(await forge.findTag('v1')).toBeUndefined()
  })

  test('removing what is not there changes nothing', async () => {
    const { forge, commits } = subject()
    const { deleteRelease, deleteTag, deleteAsset } = removalOf(subject())
    await make(subject(), commits[0], 'bytes')
    const before = await forge.findRelease('v1')

    await deleteRelease('v2')
    await deleteTag('v2')
    await deleteAsset('v1', 'other')

    expect(await forge.findRelease('v1')).toEqual(before)
  })

  test('an asset of a draft is removed alone, and may come back with other bytes', async () => {
    const { forge, commits } = subject()
    await make(subject(), commits[0], 'old bytes')

    await removalOf(subject()).deleteAsset('v1', 'tool')

    expect((await forge.findRelease('v1'))?.assets).toEqual([])
    await upload(subject(), 'new bytes')
    expect((await forge.findRelease('v1'))?.assets.map(({ digest }) => digest)).toEqual([
      digestOf('new bytes'),
    ])
  })

  test.each(['', '../x', '-d', 'a..b'])('the tag name %j is refused', async (name) => {
    const { deleteRelease, deleteTag } = removalOf(subject())

    await expect(deleteRelease(name)).rejects.toThrow('cannot be the name of a tag')
    await expect(deleteTag(name)).rejects.toThrow('cannot be the name of a tag')
  })
}

function removalOf({ forge, provider }: ForgeUnderTest): Removal {
  if (forge.removal === undefined) throw new Error(`The forge "${provider}" cannot remove`)
  return forge.removal
}

async function make(subject: ForgeUnderTest, commit: string, bytes: string): Promise<void> {
  const release: NewRelease = { tag: 'v1', name: 'One', notes: 'Notes.\n', commit, isPrerelease: false }
  await subject.forge.createTag({
    name: 'v1',
    commit,
    message: 'One',
    date: new Date('2024-05-01T00:00:00Z'),
  })
  await subject.forge.createDraft(release)
  await upload(subject, bytes)
}

async function upload({ forge, root }: ForgeUnderTest, bytes: string): Promise<void> {
  const file = join(root, '..', 'tool')
  await writeFile(file, bytes)
  await forge.uploadAsset('v1', { name: 'tool', file, digest: digestOf(bytes) })
}
