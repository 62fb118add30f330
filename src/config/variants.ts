import type { ConfigKinds } from './kinds.ts'
import { optionsIn, providerIn } from './provider-in.ts'
import type { Variant } from './resolved-package.ts'
import type { WrittenConfig } from './schema/config-schema.ts'

/** A repository in a file that may still have mistakes. */
export interface RepositoryView {
  readonly name: string
  readonly packageFormat: string
  /** Undefined: all packages of its format. */
  readonly packages: readonly string[] | undefined
  readonly distribution: string | undefined
}

/** The repositories whose kind is known. */
export function repositoryViews(written: WrittenConfig, kinds: ConfigKinds): readonly RepositoryView[] {
  return Object.entries(written.repositories ?? {}).flatMap(([name, repository]) => {
    const kind = providerIn(repository, kinds.repositories)
    if (kind === undefined) return []
    return {
      name,
      packageFormat: kind.packageFormatOf(optionsIn(repository, kind)),
      packages: repository.packages,
      distribution: repository.distribution,
    }
  })
}

/** The formats that a package is built in. */
export function formatsOf(name: string, written: WrittenConfig, kinds: ConfigKinds): readonly string[] {
  const { formats: declared, repackage } = written.packages?.[name] ?? {}
  if (declared !== undefined) return [...new Set(declared)]
  const possible = kinds.packageFormats.filter(
    (format) => repackage === undefined || Object.hasOwn(repackage, format),
  )
  const needed = repositoryViews(written, kinds)
    .filter(({ packages }) => packages === undefined || packages.includes(name))
    .map(({ packageFormat }) => packageFormat)
  const formats = possible.filter((format) => needed.includes(format))
  return formats.length > 0 ? formats : possible
}

/** Everything that is built of a package: each format for each architecture, and for each distribution that differs. */
export function variantsOf(name: string, written: WrittenConfig, kinds: ConfigKinds): readonly Variant[] {
  const repositories = repositoryViews(written, kinds).filter(
    ({ packages }) => packages === undefined || packages.includes(name),
  )
  const variants: Variant[] = []
  for (const format of formatsOf(name, written, kinds)) {
    const served = repositories.filter(({ packageFormat }) => packageFormat === format)
    const distributions = new Set(served.map(({ distribution }) => distribution))
    if (distributions.size === 0) distributions.add(undefined)
    for (const architecture of new Set(written.packages?.[name]?.architectures ?? [])) {
      for (const distribution of distributions) variants.push({ format, architecture, distribution })
    }
  }
  return variants
}
