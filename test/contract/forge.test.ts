import { forges } from '../../src/forge/index.ts'
import { testRepository } from '../forge/repository.ts'
import { forgeContract } from './forge.ts'

// A kind that needs a server gets a line here that starts one.
const optionsFor: { readonly [provider: string]: () => object } = {
  local: () => ({ releases: '../releases' }),
}

for (const provider of forges) {
  forgeContract(provider.name, async () => {
    const options = optionsFor[provider.name]?.()
    if (options === undefined) throw new Error(`There is no test forge for "${provider.name}".`)
    const { root, environment, commits, remove } = await testRepository()
    return {
      provider: provider.name,
      options,
      root,
      environment,
      commits,
      forge: provider.create(provider.options.parse(options), { root, environment }),
      close: remove,
    }
  })
}
