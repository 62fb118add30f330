import { describe, expect, test, vi } from 'vitest'
import { failureText } from '../../errors.ts'
import { converge, failureOf, sampleChoice } from '../sample-converge.ts'
import { type SampleWorld, sampleForge, sampleId, sampleRelease, sampleWorld } from '../sample-forge.ts'
import { checkTagFree } from './check-tag-free.ts'

vi.mock(import('../forge-choice.ts'), async () => ({
  openForge: (await import('../sample-converge.ts')).openSampleForge,
}))

const tagAt = (world: SampleWorld, number: number): void =>
  void world.tags.set('1.2.0', { name: '1.2.0', commit: sampleId(number), annotated: true, signed: false })

function check(arrange: (world: SampleWorld) => void, options: object = {}) {
  const world = sampleWorld()
  arrange(world)
  return converge(checkTagFree, {
    forge: sampleForge(world),
    commit: sampleId(3),
    options: { forge: sampleChoice, tag: '1.2.0', ...options },
  })
}

test('a tag that nobody has is free, whatever other tags look like it', async () => {
  const { change } = await check((world) => {
    world.tags.set('1.2.00', { name: '1.2.00', commit: sampleId(1), annotated: false, signed: false })
  })

  expect(change).toMatchObject({ kind: 'keep', summary: 'the tag 1.2.0 is free' })
})

describe('an unfinished release goes on', () => {
  test('with its draft', async () => {
    const { change } = await check((world) => {
      world.releases.set('1.2.0', sampleRelease('1.2.0', { state: 'draft', commit: sampleId(2) }))
    })

    expect(change).toMatchObject({ kind: 'keep', summary: 'the unfinished release 1.2.0 goes on' })
  })

  test('with its draft and its tag', async () => {
    const { change } = await check((world) => {
      tagAt(world, 2)
      world.releases.set('1.2.0', sampleRelease('1.2.0', { state: 'draft', commit: sampleId(2) }))
    })

    expect(change.kind).toBe('keep')
  })

  test('with its tag alone, which has the date of the release and not that of a clock', async () => {
    const own = { name: '1.2.0', commit: sampleId(3), annotated: true, signed: false }
    const at = (seconds: number) => (world: SampleWorld) =>
      void world.tags.set('1.2.0', { ...own, date: new Date(seconds * 1000) })

    expect((await check(at(1_700_000_000))).change.kind).toBe('keep')
    await expect(check(at(1_700_000_001))).rejects.toThrow('The tag "1.2.0" exists already')
    await expect(check(at(1_700_000_000), { unfinished: 'refuse' })).rejects.toThrow('exists already')
  })

  test('to the end: published from this commit, it is true already', async () => {
    const { change } = await check((world) => {
      tagAt(world, 3)
      world.releases.set('1.2.0', sampleRelease('1.2.0', { commit: sampleId(3) }))
    })

    expect(change.kind).toBe('keep')
  })
})

test.each<[string, (world: SampleWorld) => void, object]>([
  ['tag-exists', (world) => tagAt(world, 2), {}],
  ['tag-exists-here', (world) => tagAt(world, 3), {}],
  ['release-published', (world) => void world.releases.set('1.2.0', sampleRelease('1.2.0')), {}],
  [
    'tag-beside-draft',
    (world) => {
      tagAt(world, 1)
      world.releases.set('1.2.0', sampleRelease('1.2.0', { state: 'draft', commit: sampleId(3) }))
    },
    {},
  ],
  [
    'draft-refused',
    (world) => void world.releases.set('1.2.0', sampleRelease('1.2.0', { state: 'draft' })),
    { unfinished: 'refuse' },
  ],
])('%s', async (name, arrange, options) => {
  const error = await failureOf(check(arrange, options))

  await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})
