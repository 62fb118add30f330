import type { Config, RepositoryConfig } from '../config/config.ts'
import { jsonObject } from '../lib/json-copy.ts'
import type { RepositoryOptions } from '../steps/publish-packages/open-repository.ts'
import { publishPackages } from '../steps/publish-packages/publish-packages.ts'
import type { BuildNode } from './artifact-nodes.ts'
import { idsOf, keyId, type NodeSketch } from './node-sketch.ts'

/** A declared repository, as steps take it. */
export const repositoryOptionsOf = ({ keys }: Config, repository: RepositoryConfig): RepositoryOptions => {
  const { name, format, storage, acceptedKeys, url, publicKeyFile, adopt, hasKeyringPackage } = repository
  return {
    repository: name,
    format,
    storage,
    keys: repository.keys.flatMap((key) => keys[key] ?? []),
    acceptedKeys,
    url,
    publicKeyFile,
    adopt,
    hasKeyringPackage,
  }
}

/** The steps whose packages are for the repository. */
export const buildsFor = (
  { packages, packageFormat, distribution }: RepositoryConfig,
  builds: readonly BuildNode[],
): readonly BuildNode[] =>
  builds.filter(
    ({ packageName, variant }) =>
      packages.includes(packageName) &&
      variant.format === packageFormat &&
      variant.distribution === distribution,
  )

export const publishId = (repository: string): string => `publish:${repository}`

export function publishNode(
  config: Config,
  repository: RepositoryConfig,
  builds: readonly BuildNode[],
  before: readonly string[],
): NodeSketch {
  const from = idsOf(buildsFor(repository, builds))
  return {
    id: publishId(repository.name),
    step: publishPackages.name,
    options: jsonObject({ ...repositoryOptionsOf(config, repository), from }),
    needs: [...before, ...from, ...repository.keys.map(keyId)],
  }
}
