import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { JsonObject } from '../../src/lib/json.ts'
import { createChosen } from '../../src/steps/choice.ts'
import { storages } from '../../src/storage/index.ts'
import type { Storage, StorageContext } from '../../src/storage/storage.ts'
import { type Radosgw, startRadosgw } from '../servers/radosgw.ts'
import { type FaultProxy, randomFaults, startFaultProxy, withoutConditions } from '../servers/s3-faults.ts'
import { storageContract } from './storage.ts'

let server: Radosgw
const proxies: FaultProxy[] = []
beforeAll(async () => {
  server = await startRadosgw()
})
afterAll(async () => {
  for (const proxy of proxies) await proxy.close()
  await server.stop()
})

const bucketAt = async (endpoint: string): Promise<JsonObject> => ({
  bucket: await server.bucket(),
  prefix: 'some/prefix',
  endpoint,
  partSizeMiB: 5,
})

async function behind(decide: FaultProxy['decide']): Promise<string> {
  const proxy = await startFaultProxy(server.endpoint, decide)
  proxies.push(proxy)
  return proxy.endpoint
}

interface Variant {
  readonly provider: string
  readonly title: string
  readonly options: () => Promise<JsonObject>
}

// Every kind of storage, and each in the places where it has to work.
const variants: readonly Variant[] = [
  { provider: 'file', title: 'file', options: async () => ({ path: 'storage' }) },
  { provider: 's3', title: 's3', options: () => bucketAt(server.endpoint) },
  {
    provider: 's3',
    title: 's3 with faults',
    options: async () => bucketAt(await behind(randomFaults(4711, 12))),
  },
  {
    provider: 's3',
    title: 's3 without conditional writes',
    options: async () => bucketAt(await behind(withoutConditions)),
  },
]

for (const { name } of storages) {
  if (!variants.some(({ provider }) => provider === name)) {
    throw new Error(`There is no test storage for "${name}".`)
  }
}

for (const { provider, title, options } of variants) {
  storageContract(title, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hawser-storage-'))
    const written = await options()
    return {
      provider,
      options: written,
      folder,
      storage: createChosen<Storage, StorageContext>(storages, { provider, options: written }, { folder }),
      close: () => rm(folder, { recursive: true }),
    }
  })
}
