import type { Config, PackageConfig, RepositoryConfig } from '../config/config.ts'
import { sharedOptionsOf } from '../config/kinds.ts'
import { resolvePackage, resolveRepackaged } from '../config/resolve-package.ts'
import type { ResolvedPackage, Variant } from '../config/resolved-package.ts'
import { jsonObject } from '../lib/json-copy.ts'
import { packageFormat } from '../packages/index.ts'
import { sourceProviders } from '../sources/index.ts'
import { buildPackage } from '../steps/build-package/build-package.ts'
import type { PackageDeclaration } from '../steps/build-package/declaration.ts'
import type { Choice } from '../steps/choice.ts'
import { collectFiles } from '../steps/collect-files/collect-files.ts'
import { fetchSource } from '../steps/fetch-source/fetch-source.ts'
import { repackage } from '../steps/repackage/repackage.ts'
import { writeChecksums } from '../steps/write-checksums/write-checksums.ts'
import { moduleBuildNodes } from './module-nodes.ts'
import { keyId, type NodeSketch } from './node-sketch.ts'
import { packageDeclaration, patternText, sourcesInLayer, sourcesOf } from './package-declaration.ts'
import { originalSources, repackageDeclaration } from './repackage-declaration.ts'

/** A build step and what it builds, for those who need only some of them. */
export interface BuildNode extends NodeSketch {
  readonly packageName: string
  readonly variant: Variant
}

export interface ArtifactNodes {
  readonly sources: readonly NodeSketch[]
  readonly builds: readonly BuildNode[]
  /** Collected files, modules and checksums. */
  readonly others: readonly NodeSketch[]
}

/** Sources → packages and files → checksums over all of them; over packages from elsewhere, where they are taken. */
export function artifactNodes(config: Config, taken?: readonly { readonly id: string }[]): ArtifactNodes {
  const builds = Object.values(config.packages).flatMap((declared) =>
    variantsOf(config, declared).map((variant) => buildNode(config, declared.name, variant)),
  )
  const files = [...fileNodes(config), ...moduleBuildNodes(config)]
  const made = [...builds, ...files]
  const needed = new Set([...made.flatMap(({ needs }) => needs), ...imageSources(config).map(sourceId)])
  const sources = Object.keys(config.sources)
    .map((name) => sourceNode(name, config))
    .filter(({ id }) => needed.has(id))
  return { sources, builds, others: [...files, ...checksumNodes(config, [...(taken ?? builds), ...files])] }
}

/** Names of the sources that layers are made of. */
export const imageSources = ({ images }: Config): readonly string[] =>
  Object.values(images).flatMap(({ variants }) =>
    variants.flatMap(({ layers }) => layers.flatMap(sourcesInLayer)),
  )

/** Each format for each architecture, once for every distribution that a repository of the package is for. */
export function variantsOf(config: Config, declared: PackageConfig): readonly Variant[] {
  const repositories = Object.values(config.repositories).filter(({ packages }) =>
    packages.includes(declared.name),
  )
  return declared.formats.flatMap((format) => {
    const served = repositories.filter(({ packageFormat }) => packageFormat === format)
    const distributions = [...new Set(served.map(({ distribution }) => distribution))]
    return declared.architectures.flatMap((architecture) =>
      (distributions.length === 0 ? [undefined] : distributions).map((distribution) => ({
        format,
        architecture,
        distribution,
      })),
    )
  })
}

function buildNode(config: Config, name: string, variant: Variant): BuildNode {
  return config.packages[name]?.written.repackage === undefined
    ? builtNode(config, name, variant)
    : repackagedNode(config, name, variant)
}

function repackagedNode(config: Config, name: string, variant: Variant): BuildNode {
  const resolved = resolveRepackaged(config, name, variant)
  const sources = originalSources(resolved)
  const sign = embeddedKey(config, resolved)
  return {
    id: buildId(name, variant),
    step: repackage.name,
    options: jsonObject({
      format: variant.format,
      package: repackageDeclaration(resolved),
      sources: choicesOf(config, sources),
      key: sign === undefined ? undefined : config.keys[sign],
    }),
    needs: [...sources.map(sourceId), ...(sign === undefined ? [] : [keyId(sign)])],
    packageName: name,
    variant,
  }
}

const buildId = (name: string, { format, architecture, distribution }: Variant): string =>
  ['build', name, format, architecture, distribution].filter((part) => part !== undefined).join(':')

function builtNode(config: Config, name: string, variant: Variant): BuildNode {
  const resolved: ResolvedPackage = resolvePackage(config, name, variant)
  const { format } = variant
  const sources = sourcesOf(resolved)
  const sign = embeddedKey(config, resolved)
  const key = sign === undefined ? undefined : config.keys[sign]
  const usedKeys = [
    ...(sign === undefined ? [] : [sign]),
    ...keyringRepositories(config, name, format).flatMap(({ keys }) => keys),
  ]
  return {
    id: buildId(name, variant),
    step: buildPackage.name,
    options: jsonObject({
      format,
      package: packageDeclaration(resolved, keyringOf(config, name, format)),
      sources: choicesOf(config, sources),
      key,
    }),
    needs: [...sources.map(sourceId), ...[...new Set(usedKeys)].map(keyId)],
    packageName: name,
    variant,
  }
}

/** Those of a keyring package's repositories that a package of this format is for. */
const keyringRepositories = (
  { packages, repositories }: Config,
  name: string,
  format: string,
): readonly RepositoryConfig[] =>
  (packages[name]?.written.keyring?.repositories ?? []).flatMap((one) => {
    const repository = repositories[one]
    return repository?.packageFormat === format ? [repository] : []
  })

function keyringOf(config: Config, name: string, format: string): PackageDeclaration['keyring'] {
  const declared = config.packages[name]?.written.keyring
  if (declared === undefined) return undefined
  return {
    repositories: keyringRepositories(config, name, format).map((repository) => ({
      name: repository.name,
      format: repository.format,
      keys: repository.keys.flatMap((key) => config.keys[key] ?? []),
      acceptedKeys: [...repository.acceptedKeys],
      ...(declared.sources === true && repository.url !== undefined && { url: repository.url }),
    })),
  }
}

/** The key for a signature inside of the package. */
function embeddedKey(
  config: Config,
  { name, format, sign }: Pick<ResolvedPackage, 'name' | 'format' | 'sign'>,
): string | undefined {
  if (packageFormat(format).embeddedSignature === 'usual') return sign
  return config.packages[name]?.written.overrides?.[format]?.sign
}

export const sourceId = (name: string): string => `fetch:${name}`

export const sourceNode = (name: string, config: Config): NodeSketch => ({
  id: sourceId(name),
  step: fetchSource.name,
  options: jsonObject({ name, source: sourceChoice(name, config) }),
  needs: [],
})

export function choicesOf(config: Config, names: readonly string[]): { readonly [name: string]: Choice } {
  return Object.fromEntries(
    names.flatMap((name) => {
      const chosen = sourceChoice(name, config)
      return chosen === undefined ? [] : [[name, chosen]]
    }),
  )
}

/** With what the file says once for all sources of the kind, such as how registries are reached. */
function sourceChoice(name: string, { sources, registries }: Config): Choice | undefined {
  const chosen = sources[name]
  const kind = sourceProviders.find((provider) => provider.name === chosen?.provider)
  if (chosen === undefined || kind === undefined || Object.keys(registries).length === 0) return chosen
  if (!sharedOptionsOf(kind).includes('registries')) return chosen
  return { ...chosen, options: jsonObject({ registries, ...chosen.options }) }
}

function fileNodes(config: Config): readonly NodeSketch[] {
  const { assets } = config.release
  if (assets.length === 0) return []
  const sources = [...new Set(assets.flatMap(({ source }) => (source === undefined ? [] : [source])))]
  const options = { files: assets.map(patternText), sources: choicesOf(config, sources) }
  const needs = sources.map(sourceId)
  return [{ id: 'collect-files', step: collectFiles.name, options: jsonObject(options), needs }]
}

function checksumNodes(
  { release, keys }: Config,
  made: readonly { readonly id: string }[],
): readonly NodeSketch[] {
  if (release.checksums === undefined || made.length === 0) return []
  const from = made.map(({ id }) => id)
  const signed = release.sign === undefined ? [] : [keyId(release.sign)]
  const key = release.sign === undefined ? undefined : keys[release.sign]
  return [
    {
      id: 'checksums',
      step: writeChecksums.name,
      options: jsonObject({ name: release.checksums, from, key }),
      needs: [...from, ...signed],
    },
  ]
}
