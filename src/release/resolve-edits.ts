import type { Config, RepositoryConfig } from '../config/config.ts'
import type {
  ConsumerConfig,
  EditConfig,
  ValueConfig,
  VersionsEditConfig,
} from '../config/consumer-config.ts'
import type { Edit, PackageVersions, VersionsEdit } from '../downstream/edit.ts'
import { UserError } from '../errors.ts'
import { repositoryFormat } from '../repositories/index.ts'
import { packageVersionOf } from './package-version.ts'

/** What a consumer is to become, for one environment. */
export interface ResolvedConsumer {
  readonly edits: readonly Edit[]
  /** Those of the environments that come after it in the same pull request. */
  readonly laterEdits: readonly (readonly Edit[])[]
  /** Every package that its edits name. */
  readonly packages: PackageVersions
  /** Addresses of the environments before it, which this one has taken over. */
  readonly foreign: readonly { readonly url: string; readonly of: string }[]
}

/** @param environment one of the consumer's; undefined where the consumer has none */
export function resolveConsumer(
  config: Config,
  consumer: ConsumerConfig,
  environment: string | undefined,
): ResolvedConsumer {
  const { environments } = consumer
  const place = environment === undefined ? 0 : environments.indexOf(environment)
  if (place === -1) throw new Error(`The consumer "${consumer.name}" has no environment "${environment}"`)
  const here = repositoriesOf(config, environment)
  const urls = new Set(here.map(({ url }) => url))
  return {
    edits: resolveEdits(config, consumer, here),
    laterEdits: environments
      .slice(place + 1)
      .map((later) => resolveEdits(config, consumer, repositoriesOf(config, later))),
    packages: packagesOf(config, consumer),
    foreign: environments
      .slice(0, place)
      .flatMap((before) =>
        repositoriesOf(config, before).flatMap(({ name, url }) =>
          url === undefined || urls.has(url) ? [] : [{ url, of: `"${name}" (${before})` }],
        ),
      ),
  }
}

/** The repositories of an environment; without one, all. */
function repositoriesOf(config: Config, environment: string | undefined): readonly RepositoryConfig[] {
  if (environment === undefined) return Object.values(config.repositories)
  const names = config.environments[environment]?.repositories ?? []
  return names.flatMap((name) => config.repositories[name] ?? [])
}

/** The edits with the versions of the config, and the addresses of these repositories. */
function resolveEdits(
  config: Config,
  { name, edits }: ConsumerConfig,
  repositories: readonly RepositoryConfig[],
): readonly Edit[] {
  return edits.map((edit, index): Edit => {
    const named = { name: `consumers.${name}.edits[${index}]` }
    const textOf = (value: ValueConfig): string => textFor(value, config, repositories)
    if (edit.kind === 'yaml') {
      const values = Object.entries(edit.values).map(([path, value]) => [path, textOf(value)])
      return { ...named, kind: 'yaml', file: edit.file, values: Object.fromEntries(values) }
    }
    if (edit.kind === 'mentions') {
      const { kind, files, packages } = edit
      return { ...named, kind, files: [...files], packages: versionsOf(config, packages) }
    }
    const { kind, files, pattern } = edit
    return { ...named, kind, files: [...files], pattern, targets: targetsOf(edit, config, textOf) }
  })
}

function targetsOf(
  { of }: VersionsEditConfig,
  config: Config,
  textOf: (value: ValueConfig) => string,
): VersionsEdit['targets'] {
  if ('value' in of) return [{ version: textOf(of.value) }]
  const { packages, formats } = of
  return packages.flatMap((name) => {
    if (typeof formats === 'string')
      return [{ package: name, version: packageVersionOf(config, name, formats) }]
    return Object.entries(formats).map(([variant, format]) => ({
      package: name,
      variant,
      version: packageVersionOf(config, name, format),
    }))
  })
}

function textFor(value: ValueConfig, config: Config, repositories: readonly RepositoryConfig[]): string {
  if (value.from === 'text') return value.text
  if (value.from === 'package') return packageVersionOf(config, value.package, value.format)
  const repository = repositories.find(({ packageFormat }) => packageFormat === value.format)
  if (repository?.url === undefined)
    throw new Error('The rule about consumers has passed a repository without an address')
  const url = repository.url.replace(/\/+$/, '')
  return value.from === 'repository' ? url : `${url}/${publicKeyFile(repository)}`
}

function publicKeyFile({ name, format, keys, publicKeyFile: declared }: RepositoryConfig): string {
  if (declared !== undefined) return declared
  const file = repositoryFormat(format.provider).publicKeyFile(name, keys.length)
  if (file !== undefined) return file
  throw new UserError(
    'PUBLIC_KEY_FILES',
    `The repository "${name}" has ${keys.length} keys, each in a file of its own.`,
    { hint: 'Write the address of the one that the consumer is to use as a text, instead of "publicKey".' },
  )
}

const packagesOf = (config: Config, { edits }: ConsumerConfig): PackageVersions =>
  versionsOf(config, [...new Set(edits.flatMap(packagesIn))])

function packagesIn(edit: EditConfig): readonly string[] {
  if (edit.kind === 'mentions') return edit.packages
  const values = edit.kind === 'yaml' ? Object.values(edit.values) : []
  if (edit.kind === 'versions') {
    if ('packages' in edit.of) return edit.of.packages
    values.push(edit.of.value)
  }
  return values.flatMap((value) => (value.from === 'package' ? [value.package] : []))
}

const versionsOf = (config: Config, names: readonly string[]): PackageVersions =>
  Object.fromEntries(
    names.map((name) => {
      const formats = config.packages[name]?.formats ?? []
      return [
        name,
        Object.fromEntries(formats.map((format) => [format, packageVersionOf(config, name, format)])),
      ]
    }),
  )
