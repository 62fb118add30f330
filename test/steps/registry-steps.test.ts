import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Json } from '../../src/lib/json.ts'
import { anonymous } from '../../src/oci/credentials/credential.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { openRegistry } from '../../src/oci/registry/registry.ts'
import type { AnyStep } from '../../src/pipeline/step.ts'
import { checkImages } from '../../src/steps/check-images/check-images.ts'
import { converge } from '../../src/steps/sample-converge.ts'
import { pushSampleImage } from '../../src/steps/sample-store.ts'
import { waitForImages } from '../../src/steps/wait-for-images/wait-for-images.ts'
import { type DockerRegistry, startDockerRegistry } from '../servers/docker-registry.ts'

let registry: DockerRegistry
beforeAll(async () => {
  registry = await startDockerRegistry()
})
afterAll(() => registry.stop())

const commit = 'c'.repeat(40)

function repository(path: string): OciStore {
  const maskSecret = (): void => undefined
  const { host } = registry
  return openRegistry({ host, credentials: anonymous, environment: {}, maskSecret }).repository(path)
}

const run = (step: AnyStep, options: object, results: { readonly [id: string]: Json } = {}) =>
  converge(step, { commit, results, runStartedAt: new Date(), options: { registries: {}, ...options } })

test('an image that was there before a release is warned of, and only the one after it is taken', async () => {
  const images = [`${registry.host}/team/app:1.2.0`, `${registry.host}/team/module:v1.2.0`]
  const old = await pushSampleImage(repository('team/app'), '1.2.0', { note: 'of last week' })

  const checked = await run(checkImages, { images })
  expect(checked.result).toEqual({ old: { [`${registry.host}/team/app:1.2.0`]: old } })

  const results = { images: checked.result as Json }
  const wait = { images, old: 'images', forge: { provider: 'local', options: {} } }
  expect((await run(waitForImages, wait, results)).change).toMatchObject({
    kind: 'wait',
    summary: expect.stringMatching(/app:1\.2\.0 is still the old one .*; .*module:v1\.2\.0 is not there$/),
  })

  const app = await pushSampleImage(repository('team/app'), '1.2.0', { note: 'of today' })
  const module = await pushSampleImage(repository('team/module'), 'v1.2.0', { revision: commit })
  expect((await run(waitForImages, wait, results)).result).toEqual({
    images: { [images[0] ?? '']: app, [images[1] ?? '']: module },
  })
})
