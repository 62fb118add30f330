import type { Config, EnvironmentConfig, RepositoryConfig } from './config.ts'

interface Holding {
  readonly packageFormat: string
  readonly distribution: string | undefined
}

/** Whether packages of one can be promoted to the other: those of one format, made for one distribution. */
export const isPair = (one: Holding, other: Holding): boolean =>
  one.packageFormat === other.packageFormat && one.distribution === other.distribution

/** The environment that a repository belongs to. */
export const environmentOf = (config: Config, repository: string): EnvironmentConfig | undefined =>
  Object.values(config.environments).find(({ repositories }) => repositories.includes(repository))

/** The repository that packages of this one come from; undefined where what is built is published. */
export function originOf(config: Config, repository: RepositoryConfig): RepositoryConfig | undefined {
  const from = environmentOf(config, repository.name)?.from
  if (from === undefined) return undefined
  return config.environments[from]?.repositories
    .flatMap((name) => config.repositories[name] ?? [])
    .find((one) => isPair(one, repository))
}
