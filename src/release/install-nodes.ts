import type { Config, RepositoryConfig } from '../config/config.ts'
import { jsonObject } from '../lib/json-copy.ts'
import { checkInstalls } from '../steps/check-installs/check-installs.ts'
import { keyId, type NodeSketch } from './node-sketch.ts'
import { repositoryOptionsOf } from './repository-nodes.ts'

export const installsId = (repository: string): string => `installs:${repository}`

/** Of a repository that says what users install, else none; `from` are the steps whose packages it is about to get. */
export function installNodes(
  config: Config,
  repository: RepositoryConfig,
  from: readonly string[],
): readonly NodeSketch[] {
  const { name, installs, keys } = repository
  if (installs === undefined || from.length === 0) return []
  return [
    {
      id: installsId(name),
      step: checkInstalls.name,
      options: jsonObject({ ...repositoryOptionsOf(config, repository), from, installs }),
      needs: [...from, ...keys.map(keyId)],
    },
  ]
}
