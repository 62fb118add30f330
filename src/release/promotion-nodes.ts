import type { Config, EnvironmentConfig, RepositoryConfig } from '../config/config.ts'
import { originOf } from '../config/promotion-pairs.ts'
import { resolvePackage, resolveRepackaged } from '../config/resolve-package.ts'
import type { Variant } from '../config/resolved-package.ts'
import { jsonObject } from '../lib/json-copy.ts'
import { packageFormat } from '../packages/index.ts'
import type { PackageVersion } from '../packages/package-spec.ts'
import type { WantedPackage } from '../repositories/find-packages.ts'
import type { Approval } from '../signing/attest/promotion.ts'
import { promotePackages } from '../steps/promote-packages/promote-packages.ts'
import { takePackages } from '../steps/take-packages/take-packages.ts'
import type { Waiver } from '../steps/waiver.ts'
import { keyId, type NodeSketch } from './node-sketch.ts'
import { repositoryOptionsOf } from './repository-nodes.ts'

export const takeId = (repository: string): string => `take:${repository}`
export const promoteId = (repository: string): string => `promote:${repository}`

/** Chooses the packages for a repository in the one that it takes from. */
export function takeNode(
  config: Config,
  repository: RepositoryConfig,
  waiver: Waiver | undefined,
  before: readonly string[],
): NodeSketch {
  const { source, environment } = sourceOf(config, repository)
  return {
    id: takeId(repository.name),
    step: takePackages.name,
    options: jsonObject({
      from: repositoryOptionsOf(config, source),
      environment,
      packages: wantedIn(config, repository),
      waiver,
    }),
    needs: before,
  }
}

interface PromoteRequest {
  readonly environment: EnvironmentConfig
  readonly gate?: { readonly id: string; readonly question: string } | undefined
  readonly approval?: Approval | undefined
  readonly before: readonly string[]
}

/** Copies them. */
export function promoteNode(
  config: Config,
  repository: RepositoryConfig,
  { environment, gate, approval, before }: PromoteRequest,
): NodeSketch {
  const { source, environment: sourceEnvironment } = sourceOf(config, repository)
  const take = takeId(repository.name)
  return {
    id: promoteId(repository.name),
    step: promotePackages.name,
    options: jsonObject({
      ...repositoryOptionsOf(config, repository),
      environment: environment.name,
      source: repositoryOptionsOf(config, source),
      sourceEnvironment,
      take,
      gate,
      approval,
    }),
    needs: [take, ...before, ...repository.keys.map(keyId)],
  }
}

function sourceOf(config: Config, repository: RepositoryConfig) {
  const source = originOf(config, repository)
  if (source === undefined) throw new Error(`The rules have passed "${repository.name}" without a pair`)
  const environment = Object.values(config.environments).find(({ repositories }) =>
    repositories.includes(source.name),
  )
  return { source, environment: environment?.name ?? '' }
}

/** The packages of this release for a repository, as its indexes name them. */
function wantedIn(
  config: Config,
  { packageFormat: formatName, packages, distribution }: RepositoryConfig,
): readonly WantedPackage[] {
  const format = packageFormat(formatName)
  return packages.flatMap((name) =>
    (config.packages[name]?.architectures ?? []).map((architecture) => {
      const version = versionIn(config, name, { format: formatName, architecture, distribution })
      return {
        name,
        architecture: format.architecture(architecture),
        ...(version !== undefined && { version: format.spellVersion(version) }),
      }
    }),
  )
}

/** A package that is made of another one may have that one's version, which nobody has read yet. */
function versionIn(config: Config, name: string, variant: Variant): PackageVersion | undefined {
  const isRepackaged = config.packages[name]?.written.repackage !== undefined
  return (isRepackaged ? resolveRepackaged : resolvePackage)(config, name, variant).version
}
