import { expect, test, vi } from 'vitest'
import { failureText } from '../../errors.ts'
import { digestOf } from '../../lib/digest.ts'
import { converge, failureOf, sampleChoice } from '../sample-converge.ts'
import {
  addAsset,
  type SampleWorld,
  sampleForge,
  sampleId,
  sampleRelease,
  sampleWorld,
} from '../sample-forge.ts'
import { waitForAssets } from './wait-for-assets.ts'

vi.mock(import('../forge-choice.ts'), async () => ({
  openForge: (await import('../sample-converge.ts')).openSampleForge,
}))

const names = ['template.yaml', 'app.yaml']

function draftWorld(): SampleWorld {
  const world = sampleWorld()
  world.releases.set('1.2.0', sampleRelease('1.2.0', { state: 'draft', commit: sampleId(3) }))
  return world
}

function fullWorld(): SampleWorld {
  const world = draftWorld()
  for (const name of names) addAsset(world, '1.2.0', name, `the bytes of ${name}`)
  return world
}

const wait = (world: SampleWorld, options: object = {}) =>
  converge(waitForAssets, {
    forge: sampleForge(world),
    commit: sampleId(3),
    runStartedAt: new Date('2026-05-01T12:00:00Z'),
    options: { forge: sampleChoice, tag: '1.2.0', assets: names, ...options },
  })

const digests = Object.fromEntries(names.map((name) => [name, digestOf(`the bytes of ${name}`)]))

test('assets that are there are downloaded, and their digests are the result', async () => {
  expect((await wait(fullWorld())).result).toEqual({ assets: digests })
})

test('where the forge keeps no digests, those of the bytes are taken', async () => {
  const world = fullWorld()
  const release = world.releases.get('1.2.0') ?? sampleRelease('1.2.0')
  const assets = release.assets.map((asset) => ({ ...asset, digest: undefined }))
  world.releases.set('1.2.0', { ...release, assets })

  const { change, result } = await wait(world)

  expect(change.kind).toBe('create')
  expect(result).toEqual({ assets: digests })
})

test.each<[string, () => SampleWorld, string]>([
  ['no draft yet', sampleWorld, 'missing: the draft 1.2.0'],
  [
    'one of two',
    () => {
      const world = draftWorld()
      addAsset(world, '1.2.0', 'app.yaml', 'x')
      return world
    },
    'missing: template.yaml',
  ],
  [
    'an upload that has only begun',
    () => {
      const world = draftWorld()
      addAsset(world, '1.2.0', 'app.yaml', 'x')
      addAsset(world, '1.2.0', 'template.yaml', '')
      return world
    },
    'missing: template.yaml',
  ],
])('waited for: %s', async (_, arrange, summary) => {
  const { change } = await wait(arrange())

  expect(change).toEqual({ kind: 'wait', summary, whom: 'builds elsewhere', againAfterMs: 10_000 })
})

test.each<[string, () => SampleWorld, object]>([
  [
    'asset-unexpected',
    () => {
      const world = fullWorld()
      addAsset(world, '1.2.0', 'debug.log', 'x')
      return world
    },
    { exact: true },
  ],
  [
    'asset-differs',
    () => {
      const world = fullWorld()
      world.assets.set('1.2.0 app.yaml', 'other bytes')
      return world
    },
    {},
  ],
  [
    'assets-of-other-commit',
    () => {
      const world = fullWorld()
      const release = world.releases.get('1.2.0') ?? sampleRelease('1.2.0')
      world.releases.set('1.2.0', { ...release, commit: sampleId(2) })
      return world
    },
    {},
  ],
  [
    'assets-producer-failed',
    () => {
      const world = draftWorld()
      const reportedAt = new Date('2026-05-01T12:10:00Z')
      world.statuses.set(sampleId(3), [
        { context: 'module-build', state: 'failure', description: '', url: undefined, reportedAt },
      ])
      return world
    },
    { producers: ['image-build', 'module-build'] },
  ],
])('%s', async (name, arrange, options) => {
  const error = await failureOf(wait(arrange(), options))

  await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})
