import { expect, test, vi } from 'vitest'
import { failureText } from '../../errors.ts'
import { digestOf } from '../../lib/digest.ts'
import { mediaTypes } from '../../oci/media-types.ts'
import { rawManifest } from '../../oci/read-manifest.ts'
import { converge, failureOf } from '../sample-converge.ts'
import { sampleForge, sampleId, sampleWorld } from '../sample-forge.ts'
import { sampleStore } from '../sample-store.ts'
import { checkImages } from './check-images.ts'

vi.mock(import('../registries.ts'), async (original) => ({
  ...(await original()),
  openRepositoryOf: (await import('../sample-converge.ts')).openSampleRepository,
}))

const app = 'registry.example.org/team/app:1.2.0'

function check(store: ReturnType<typeof sampleStore>, images: readonly string[], log: string[] = []) {
  return converge(checkImages, {
    forge: sampleForge(sampleWorld()),
    store,
    commit: sampleId(3),
    options: { images, registries: {} },
    log: (text) => log.push(text),
  })
}

test('images that are there are warned of, and the release goes on', async () => {
  const store = sampleStore()
  const manifest = Buffer.from('{"schemaVersion":2,"manifests":[]}')
  await store.putManifest(rawManifest(manifest, mediaTypes.index, 'here'), '1.2.0')
  const log: string[] = []

  const { change, result } = await check(store, [app, 'registry.example.org/team/app:v1.2.0'], log)

  expect(result).toEqual({ old: { [app]: digestOf(manifest) } })
  expect(change).toMatchObject({
    kind: 'keep',
    summary: `warning: old images are there, and are not taken for this release: ${app}`,
  })
  expect(log).toEqual([
    expect.stringMatching(/^warning: registry\.example\.org\/team\/app:1\.2\.0 exists before/),
  ])
})

test('without old images there is nothing to say', async () => {
  expect((await check(sampleStore(), [app])).change).toMatchObject({
    summary: 'none of 1 images is there yet',
  })
})

test.each([
  ['image-without-tag', 'registry.example.org/team/app'],
  ['image-with-digest', `${app}@${digestOf('')}`],
])('%s', async (name, image) => {
  const error = await failureOf(check(sampleStore(), [image]))

  await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})
