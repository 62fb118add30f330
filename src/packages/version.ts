import type { PackageVersion } from './package-spec.ts'

/** How a declared version and its build number become a format's version; each format has a table of all of them. */
export const versionSchemeNames = ['standard', 'ket'] as const
export type VersionSchemeName = (typeof versionSchemeNames)[number]

/** The scheme of a version; findings have refused unknown ones before. */
export function schemeIn<Scheme>(
  schemes: { readonly [name in VersionSchemeName]: Scheme },
  { scheme }: PackageVersion,
): Scheme {
  const name = versionSchemeNames.find((known) => known === scheme)
  if (name === undefined) throw new Error(`The version scheme "${scheme}" has passed the findings`)
  return schemes[name]
}

// A pre-release has a letter in front: `1.5.1-1` in a relation is a version with a revision.
const preRelease = /^((?:\d+:)?\d+(?:\.\w+)*)-([A-Za-z][0-9A-Za-z.-]*)(\+[0-9A-Za-z.-]+)?$/

/** Both dpkg and rpm sort `~` before the end: 1.5.0~rc.1 < 1.5.0. */
export function tilde(declared: string): string {
  return declared.replace(preRelease, (_, core: string, identifiers: string, metadata = '') => {
    return `${core}~${identifiers}${metadata}`
  })
}

export interface VersionFinding {
  /** The part of the version that is wrong. */
  readonly member: 'declared' | 'build' | 'epoch' | 'scheme'
  readonly code: string
  readonly message: string
  readonly hint: string
}

/** What a format can write in a version. */
export interface VersionAlphabet {
  /** For people: the format, and its word for the build number. */
  readonly format: string
  readonly buildWord: string
  /** Match the first character that is not allowed. */
  readonly declared: RegExp
  readonly build: RegExp
  readonly allowed: string
}

/** Everything wrong with a version for a format; empty when it can be written. */
export function versionFindings(
  version: PackageVersion,
  alphabet: VersionAlphabet,
): readonly VersionFinding[] {
  const findings: VersionFinding[] = []
  if (!versionSchemeNames.some((name) => name === version.scheme)) {
    findings.push({
      member: 'scheme',
      code: 'VERSION_SCHEME',
      message: `The version scheme "${version.scheme}" is not known.`,
      hint: `Use one of ${versionSchemeNames.join(', ')}.`,
    })
  }
  if (!Number.isSafeInteger(version.epoch) || version.epoch < 0 || version.epoch > 0x7fffffff) {
    findings.push({
      member: 'epoch',
      code: 'VERSION_EPOCH',
      message: `The epoch ${version.epoch} is not a whole number from 0 to 2147483647.`,
      hint: 'Leave the epoch out, unless an earlier version number was too high.',
    })
  }
  return [
    ...findings,
    ...declaredFindings(version.declared, alphabet),
    ...buildFindings(version.build, alphabet),
  ]
}

function declaredFindings(declared: string, alphabet: VersionAlphabet): VersionFinding[] {
  const finding = (code: string, message: string, hint: string): VersionFinding[] => [
    { member: 'declared', code, message, hint },
  ]
  if (/^[vV]\d/.test(declared)) {
    return finding(
      'VERSION_PREFIX',
      `The version "${declared}" begins with "${declared[0]}".`,
      `Write "${declared.slice(1)}": the letter belongs to a tag, not to a version.`,
    )
  }
  const illegal = alphabet.declared.exec(declared)
  if (illegal !== null) {
    return finding(
      'VERSION_CHARACTER',
      `The version "${declared}" contains "${illegal[0]}", which a ${alphabet.format} version cannot have.`,
      `Use ${alphabet.allowed} only.`,
    )
  }
  if (!/^\d/.test(declared)) {
    return finding(
      'VERSION_START',
      `The version "${declared}" does not begin with a digit.`,
      'Begin the version with a digit, for example 1.0.0.',
    )
  }
  // SemVer calls 1.5.1-1 a pre-release, and everybody else calls it a build of 1.5.1: the two sort on opposite sides.
  if (/^\d+\.\d+(\.\d+)*-\d+(\.\d+)*$/.test(declared)) {
    return finding(
      'VERSION_AMBIGUOUS',
      `The version "${declared}" ends in a number after a hyphen, which may mean a build or a pre-release.`,
      'Write the build number as the package\'s "build", or name the pre-release, for example "-rc.1".',
    )
  }
  const early = earlyPart(declared)
  if (early !== undefined) {
    return finding(
      'VERSION_PRERELEASE',
      `The pre-release "${declared}" would be newer than ${early.final} for every client: who has it would never get the final version.`,
      `Write "${early.better}", which sorts before ${early.final} in every format.`,
    )
  }
  return []
}

/**
 * What upstreams call their pre-releases, and the character before it; PEP 440's a and b only between digits, since
 * 1.0.2b is a patch of 1.0.2.
 */
const earlyWord =
  /[^a-z](?:alpha|beta|rc|cr|pre|prerelease|preview|dev|devel|snapshot|nightly|canary|milestone)(?![a-z])|\d[ab](?=\d)/i

/** The final version, and what to write instead, of a pre-release without a `~` or a hyphen that becomes one. */
function earlyPart(declared: string): { readonly final: string; readonly better: string } | undefined {
  // Behind a plus stands what a version is made of, not when.
  const text = tilde(declared).replace(/\+.*$/, '')
  const found = text.includes('~') ? null : earlyWord.exec(text)
  if (found === null) return undefined
  const final = text.slice(0, found.index + 1).replace(/[^0-9A-Za-z]+$/, '')
  const rest = text.slice(found.index + 1)
  const hyphened = `${final}-${rest}`
  return { final, better: tilde(hyphened) === hyphened ? `${final}~${rest}` : hyphened }
}

function buildFindings(build: string, alphabet: VersionAlphabet): VersionFinding[] {
  const illegal = alphabet.build.exec(build)
  if (illegal === null) return []
  return [
    {
      member: 'build',
      code: 'BUILD_CHARACTER',
      message: `The build number "${build}" contains "${illegal[0]}", which a ${alphabet.format} ${alphabet.buildWord} cannot have.`,
      hint: 'Use letters, digits and dots only, for example 1.',
    },
  ]
}
