import { forges } from '../../src/forge/index.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { createChosen } from '../../src/steps/choice.ts'
import { type TestRepository, testRepository } from '../forge/repository.ts'
import { startGitHub } from '../servers/github/github.ts'
import { forgeContract } from './forge.ts'

interface TestForge {
  readonly options: JsonObject
  readonly environment?: { readonly [name: string]: string }
  close?(): Promise<void>
}

// A kind that needs a server gets a line here that starts one.
const testForges: { readonly [provider: string]: (repository: TestRepository) => Promise<TestForge> } = {
  local: async () => ({ options: { releases: '../releases' } }),
  github: async ({ git }) => {
    const { repository, baseUrl, token, pushUrl, close } = await startGitHub()
    await git('push', '--quiet', '--force', pushUrl, 'main')
    return { options: { repository, baseUrl }, environment: { GITHUB_TOKEN: token }, close }
  },
}

for (const { name } of forges) {
  forgeContract(name, async () => {
    const repository = await testRepository()
    const started = await testForges[name]?.(repository)
    if (started === undefined) throw new Error(`There is no test forge for "${name}".`)
    const { root, commits, remove } = repository
    const environment = { ...repository.environment, ...started.environment }
    const { options } = started
    return {
      provider: name,
      options,
      root,
      environment,
      commits,
      forge: createChosen(forges, { provider: name, options }, { root, environment }),
      close: async () => {
        await started.close?.()
        await remove()
      },
    }
  })
}
