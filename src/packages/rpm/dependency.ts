import { UserError } from '../../errors.ts'
import type { HeaderValues } from './header-values.ts'
import type { HeaderTag } from './tags.ts'

/** Bits of a dependency's flags, rpm's rpmsenseFlags. */
export const senseFlags = {
  less: 1 << 1,
  greater: 1 << 2,
  equal: 1 << 3,
  postTransaction: 1 << 5,
  preTransaction: 1 << 7,
  interpreter: 1 << 8,
  preInstall: 1 << 9,
  postInstall: 1 << 10,
  preRemove: 1 << 11,
  postRemove: 1 << 12,
  triggerIn: 1 << 16,
  triggerUn: 1 << 17,
  triggerPostUn: 1 << 18,
  rpmlib: 1 << 24,
  config: 1 << 28,
} as const

/** One dependency as the header lists it. */
export interface RpmDependency {
  readonly name: string
  /** See `senseFlags`. */
  readonly flags: number
  /** `[epoch:]version[-release]`, or empty. */
  readonly version: string
}

interface DependencyTags {
  readonly name: HeaderTag
  readonly flags: HeaderTag
  readonly version: HeaderTag
}

/** Each kind of dependency is three parallel arrays. */
export const dependencyTags = {
  provides: { name: 'provideName', flags: 'provideFlags', version: 'provideVersion' },
  requires: { name: 'requireName', flags: 'requireFlags', version: 'requireVersion' },
  conflicts: { name: 'conflictName', flags: 'conflictFlags', version: 'conflictVersion' },
  obsoletes: { name: 'obsoleteName', flags: 'obsoleteFlags', version: 'obsoleteVersion' },
  recommends: { name: 'recommendName', flags: 'recommendFlags', version: 'recommendVersion' },
  suggests: { name: 'suggestName', flags: 'suggestFlags', version: 'suggestVersion' },
  supplements: { name: 'supplementName', flags: 'supplementFlags', version: 'supplementVersion' },
  enhances: { name: 'enhanceName', flags: 'enhanceFlags', version: 'enhanceVersion' },
  orders: { name: 'orderName', flags: 'orderFlags', version: 'orderVersion' },
} as const satisfies Record<string, DependencyTags>

export type DependencyKind = keyof typeof dependencyTags

export function decodeDependencies(
  header: HeaderValues<HeaderTag>,
  kind: DependencyKind,
): readonly RpmDependency[] {
  const tags = dependencyTags[kind]
  const names = header.texts(tags.name)
  const flags = header.numbers(tags.flags)
  const versions = header.texts(tags.version)
  if (names.length !== flags.length || names.length !== versions.length) {
    throw new UserError(
      'RPM_DEPENDENCIES_BROKEN',
      `The ${kind} in the main header have ${names.length} names, ${flags.length} flags and ${versions.length} versions.`,
      { hint: 'Fetch or build the package again; this file is damaged or was made to mislead.' },
    )
  }
  return names.map((name, index) => ({ name, flags: flags[index] ?? 0, version: versions[index] ?? '' }))
}

/** The comparison of a dependency as people write it; undefined when any version will do. */
export function operatorOf({ flags }: RpmDependency): '=' | '<' | '<=' | '>' | '>=' | undefined {
  const { less, greater, equal } = senseFlags
  if ((flags & less) !== 0) return (flags & equal) !== 0 ? '<=' : '<'
  if ((flags & greater) !== 0) return (flags & equal) !== 0 ? '>=' : '>'
  return (flags & equal) !== 0 ? '=' : undefined
}
