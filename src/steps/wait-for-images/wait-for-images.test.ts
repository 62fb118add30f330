import { describe, expect, test, vi } from 'vitest'
import { failureText } from '../../errors.ts'
import type { CommitStatus } from '../../forge/forge-parts.ts'
import { digestOf } from '../../lib/digest.ts'
import type { Json } from '../../lib/json.ts'
import { mediaTypes } from '../../oci/media-types.ts'
import type { OciStore } from '../../oci/oci-store.ts'
import { rawManifest } from '../../oci/read-manifest.ts'
import { converge, failureOf, sampleChoice } from '../sample-converge.ts'
import { type SampleWorld, sampleForge, sampleId, sampleRelease, sampleWorld } from '../sample-forge.ts'
import { pushSampleImage, sampleStore } from '../sample-store.ts'
import { waitForImages } from './wait-for-images.ts'

vi.mock(import('../forge-choice.ts'), async () => ({
  openForge: (await import('../sample-converge.ts')).openSampleForge,
}))
vi.mock(import('../registries.ts'), async (original) => ({
  ...(await original()),
  openRepositoryOf: (await import('../sample-converge.ts')).openSampleRepository,
}))

const app = 'registry.example.org/team/app:1.2.0'
const runStartedAt = new Date('2026-05-01T12:00:00.500Z')
const before = '2026-05-01T11:00:00Z'
const after = '2026-05-01T12:05:00Z'

interface Case {
  readonly store?: OciStore
  readonly world?: SampleWorld
  readonly options?: object
  readonly results?: { readonly [id: string]: Json }
}

const wait = ({ store = sampleStore(), world = sampleWorld(), options = {}, results = {} }: Case) =>
  converge(waitForImages, {
    forge: sampleForge(world),
    store,
    commit: sampleId(3),
    results,
    runStartedAt,
    options: { forge: sampleChoice, registries: {}, images: [app], ...options },
  })

const status = (more: Partial<CommitStatus>): CommitStatus => ({
  context: 'build',
  state: 'pending',
  description: '',
  url: undefined,
  reportedAt: new Date(after),
  ...more,
})

test('an image that is not there is waited for, and the wait tells what its build says', async () => {
  const world = sampleWorld()
  world.statuses.set(sampleId(3), [status({})])

  const { change } = await wait({ world, options: { producers: ['build', 'sign'], pollSeconds: 3 } })

  expect(change).toEqual({
    kind: 'wait',
    summary: `${app} is not there; build: pending; sign: no status yet`,
    whom: 'build, sign',
    againAfterMs: 3000,
  })
})

describe('taken is', () => {
  test('what was not there before the release', async () => {
    const store = sampleStore()
    const digest = await pushSampleImage(store, '1.2.0', { created: '1970-01-01T00:00:00Z' })

    const { result } = await wait({ store, options: { old: 'images' }, results: { images: { old: {} } } })

    expect(result).toEqual({ images: { [app]: digest } })
  })

  test('what replaced an old image', async () => {
    const store = sampleStore()
    const old = await pushSampleImage(store, '1.2.0', { created: before })
    const digest = await pushSampleImage(store, '1.2.0', { created: after })

    const { result } = await wait({
      store,
      options: { old: 'images' },
      results: { images: { old: { [app]: old } } },
    })

    expect(result).toEqual({ images: { [app]: digest } })
  })

  test('what names the commit of the release, also when it was there before', async () => {
    const store = sampleStore()
    const digest = await pushSampleImage(store, '1.2.0', { revision: sampleId(2) })

    const { result } = await wait({
      store,
      options: { old: 'images', commitFrom: 'merge' },
      results: { images: { old: { [app]: digest } }, merge: { commit: sampleId(2) } },
    })

    expect(result).toEqual({ images: { [app]: digest } })
  })

  test('what its build reports the digest of, whatever it says of itself', async () => {
    const store = sampleStore()
    const digest = await pushSampleImage(store, '1.2.0', { created: before, revision: sampleId(1) })
    const images = [{ reference: app, digestFrom: { step: 'build', output: 'digest' } }]

    for (const build of [{ outputs: { digest } }, { digest, tags: ['1.2.0'] }]) {
      const { result } = await wait({ store, options: { images }, results: { build } })
      expect(result).toEqual({ images: { [app]: digest } })
    }
  })

  test('without other evidence: what was made after the run began', async () => {
    const store = sampleStore()
    const digest = await pushSampleImage(store, '1.2.0', { created: after })

    expect((await wait({ store })).result).toEqual({ images: { [app]: digest } })
  })

  test('an index, by its first image', async () => {
    const store = sampleStore()
    await pushSampleImage(store, 'amd64', { created: after, revision: sampleId(3) })
    const image = await store.resolve('amd64')
    const index = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [image] })
    await store.putManifest(rawManifest(Buffer.from(index), mediaTypes.index, 'here'), '1.2.0')

    expect((await wait({ store })).result).toEqual({ images: { [app]: digestOf(index) } })
  })
})

describe('not taken is', () => {
  test.each<[string, Parameters<typeof pushSampleImage>[2], object, RegExp]>([
    [
      'what was made before the run',
      { created: before },
      {},
      / was made before this run, 2026-05-01T11:00:00/,
    ],
    [
      'what names another commit',
      { created: after, revision: sampleId(1) },
      {},
      / is of the commit 0001c0ffeec0$/,
    ],
    ['what tells nothing of itself', {}, {}, / does not say when or from which commit it was made$/],
    [
      'what its build did not make',
      { created: after },
      { images: [{ reference: app, digestFrom: { step: 'build', output: 'digest' } }] },
      / is sha256:[0-9a-f]{12}, and its build made sha256:e3b0c44298fc$/,
    ],
  ])('%s', async (_, image, options, summary) => {
    const store = sampleStore()
    await pushSampleImage(store, '1.2.0', image)

    const { change } = await wait({
      store,
      options,
      results: { build: { outputs: { digest: digestOf('') } } },
    })

    expect(change).toMatchObject({ kind: 'wait', summary: expect.stringMatching(summary) })
  })

  test('what was there before the release, although its build says that all went well', async () => {
    const store = sampleStore()
    const old = await pushSampleImage(store, '1.2.0', { created: after })
    const world = sampleWorld()
    world.statuses.set(sampleId(3), [status({ state: 'success' })])

    const { change } = await wait({
      store,
      world,
      options: { old: 'images', producers: ['build'] },
      results: { images: { old: { [app]: old } } },
    })

    expect(change).toMatchObject({
      kind: 'wait',
      summary: `${app} is still the old one (${old.slice(0, 19)}); build: success`,
    })
  })
})

test('a published release waits for nothing', async () => {
  const store = sampleStore()
  const digest = await pushSampleImage(store, '1.2.0', { created: before })
  const world = sampleWorld()
  world.releases.set('1.2.0', sampleRelease('1.2.0'))

  const { result } = await wait({ store, world, options: { release: '1.2.0' } })

  expect(result).toEqual({ images: { [app]: digest } })
})

test('a failure that was reported before the run began is of an earlier attempt', async () => {
  const world = sampleWorld()
  world.statuses.set(sampleId(3), [
    status({ state: 'failure', reportedAt: new Date('2026-05-01T11:59:59Z') }),
  ])

  const { change } = await wait({ world, options: { producers: ['build'] } })

  expect(change).toMatchObject({ kind: 'wait', summary: `${app} is not there; build: no status yet` })
})

test.each<[string, Partial<CommitStatus>]>([
  ['producer-failed', { state: 'failure', description: 'exit status 2', url: 'https://ci.example/42' }],
  // The second in which the run began, as forges count them.
  ['producer-error', { state: 'error', reportedAt: new Date('2026-05-01T12:00:00Z') }],
])('the wait ends at once: %s', async (name, failure) => {
  const world = sampleWorld()
  world.statuses.set(sampleId(3), [status(failure)])

  const error = await failureOf(wait({ world, options: { producers: ['build'] } }))

  await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})

test.each<[string, object, { readonly [id: string]: Json }]>([
  ['image-reference', { images: ['https://registry.example.org/team/app:1.2.0'] }, {}],
  [
    'digest-not-reported',
    { images: [{ reference: app, digestFrom: { step: 'build', output: 'image' } }] },
    { build: { outputs: { image: '1.2.0' } } },
  ],
])('%s', async (name, options, results) => {
  const error = await failureOf(wait({ options, results }))

  await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})
