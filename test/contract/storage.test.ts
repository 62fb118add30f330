import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storages } from '../../src/storage/index.ts'
import { storageContract } from './storage.ts'

// A kind that needs a server gets a line here that starts one.
const optionsFor: { readonly [provider: string]: () => object } = {
  file: () => ({ path: 'storage' }),
}

for (const provider of storages) {
  storageContract(provider.name, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hawser-storage-'))
    const options = optionsFor[provider.name]?.()
    if (options === undefined) throw new Error(`There is no test storage for "${provider.name}".`)
    return {
      provider: provider.name,
      options,
      folder,
      storage: provider.create(provider.options.parse(options), { folder }),
      close: () => rm(folder, { recursive: true }),
    }
  })
}
