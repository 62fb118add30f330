/** semver.org 2.0.0; without a leading "v". */
export interface SemVer {
  readonly core: readonly [number, number, number]
  readonly preRelease: readonly string[]
}

const numeric = '(0|[1-9]\\d*)'
const identifier = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)'
const pattern = new RegExp(
  `^${numeric}\\.${numeric}\\.${numeric}(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
)

export function parseSemVer(text: string): SemVer | undefined {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [, major, minor, patch, preRelease] = match
  return {
    core: [Number(major), Number(minor), Number(patch)],
    preRelease: preRelease === undefined ? [] : preRelease.split('.'),
  }
}

/** Section 11: precedence. */
export function compareSemVer(a: SemVer, b: SemVer): number {
  for (const [index, own] of a.core.entries()) {
    const difference = own - (b.core[index] ?? 0)
    if (difference !== 0) return difference
  }
  if (a.preRelease.length === 0 || b.preRelease.length === 0) return b.preRelease.length - a.preRelease.length
  return comparePreReleases(a.preRelease, b.preRelease)
}

function comparePreReleases(a: readonly string[], b: readonly string[]): number {
  for (const [index, own] of a.entries()) {
    const other = b[index]
    if (other === undefined) return 1
    const difference = compareIdentifiers(own, other)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function compareIdentifiers(a: string, b: string): number {
  if (a === b) return 0
  const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (isNumber && isOtherNumber) return a.length - b.length || (a < b ? -1 : 1)
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1
  return a < b ? -1 : 1
}

/** The versions that follow directly: 1.2.3 → 1.2.4, 1.3.0, 2.0.0. */
export function nextVersions({ core: [major, minor, patch] }: SemVer): readonly string[] {
  return [`${major}.${minor}.${patch + 1}`, `${major}.${minor + 1}.0`, `${major + 1}.0.0`]
}
