import type { PackageSpec, PackageVersion, Relations } from './package-spec.ts'

/** What is said anew of finished packages of others. What is undefined stays as they have it. */
export interface PackageChanges {
  readonly name: string
  readonly version: PackageVersion | undefined
  /** Canonical word; the originals are for this machine, or for all. */
  readonly architecture: string
  readonly summary: string | undefined
  readonly description: string | undefined
  readonly maintainer: string | undefined
  readonly vendor: string | undefined
  readonly homepage: string | undefined
  readonly license: string | undefined
  readonly section: string | undefined
  readonly priority: string | undefined
  /** Added to those of the originals. */
  readonly relations: Relations
  readonly fields: { readonly [name: string]: string }
}

/** A spec with the same words, for what a format has to say against them; what stays was accepted by others. */
export function specOfChanges(changes: PackageChanges): PackageSpec {
  const { version, summary, description, maintainer, license, section, priority, ...rest } = changes
  return {
    ...rest,
    version: version ?? { epoch: 0, declared: '0', build: '1', scheme: 'standard' },
    summary: summary ?? 'kept',
    description: description ?? 'kept',
    maintainer: maintainer ?? 'Kept <kept@localhost>',
    license: license ?? 'kept',
    section: section ?? 'kept',
    priority: priority ?? 'kept',
    distribution: undefined,
    contents: [],
    scripts: {},
    triggers: [],
    systemd: [],
    changelog: [],
    compression: { kind: 'none', level: 0 },
    epoch: 0,
  }
}
