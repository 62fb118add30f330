import { compressions } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'
import { architectureFinding } from '../architecture.ts'
import type { SpecFinding } from '../package-format.ts'
import type { PackageSpec } from '../package-spec.ts'
import { parseRelations } from '../relation.ts'
import { contentFindings } from './content-findings.ts'
import { knownFields, supplementsField } from './fields.ts'
import { relationFindings } from './relation-findings.ts'
import { scriptFindings } from './script-findings.ts'
import { rpmVersionFindings } from './version.ts'

/** Everything that keeps this spec from being an rpm package, before a byte is written. */
export function findingsOf(spec: PackageSpec): readonly SpecFinding[] {
  return [
    ...nameFindings(spec),
    ...rpmVersionFindings(spec.version).map(({ member, ...finding }) => ({
      path: ['version', member],
      ...finding,
    })),
    ...architectureFindings(spec),
    ...textFindings(spec),
    ...relationFindings(spec.relations),
    ...contentFindings(spec.contents),
    ...scriptFindings(spec),
    ...fieldFindings(spec.fields),
    ...compressionFindings(spec),
    ...timeFindings(spec),
  ]
}

// rpm's lib/rpmlib and build/parsePreamble.c (ALLOWED_CHARS_NAME), begun as every distribution demands.
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/

function nameFindings({ name }: PackageSpec): readonly SpecFinding[] {
  if (namePattern.test(name)) return []
  return [
    {
      path: ['name'],
      code: 'RPM_NAME',
      message: `The package name "${name}" is not one that rpm accepts.`,
      hint: 'Use letters, digits and . _ + - only, and begin with a letter or digit.',
    },
  ]
}

function architectureFindings({ architecture }: PackageSpec): readonly SpecFinding[] {
  const problem = architectureFinding(architecture)
  return problem === undefined ? [] : [{ path: ['architecture'], code: 'PACKAGE_ARCHITECTURE', ...problem }]
}

const requiredTexts = ['summary', 'description', 'license', 'maintainer'] as const
const oneLineTexts = ['summary', 'license', 'maintainer', 'vendor', 'homepage'] as const

function textFindings(spec: PackageSpec): readonly SpecFinding[] {
  const findings: SpecFinding[] = []
  for (const member of requiredTexts) {
    if (spec[member].trim() !== '') continue
    findings.push({
      path: [member],
      code: 'RPM_TEXT_MISSING',
      message: `The package has no ${member}, and rpm demands one.`,
      hint: `Give the package a ${member}.`,
    })
  }
  for (const member of oneLineTexts) {
    if (spec[member]?.includes('\n') !== true) continue
    findings.push({
      path: [member],
      code: 'RPM_TEXT_LINES',
      message: `The ${member} has several lines, and rpm shows one.`,
      hint: `Put the ${member} on one line.`,
    })
  }
  for (const member of ['description', ...oneLineTexts] as const) {
    const control = controlCharacter.exec(spec[member] ?? '')
    if (control !== null) findings.push(controlFinding([member], control[0]))
  }
  for (const [index, { author, version, changes }] of spec.changelog.entries()) {
    const control = controlCharacter.exec([author, version, ...changes].join(' '))
    if (control !== null) findings.push(controlFinding(['changelog', index], control[0]))
  }
  return findings
}

// Tab and line feed are text; everything else breaks the XML of repositories.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
const controlCharacter = /[\u0000-\u0008\u000b-\u001f\u007f]/

function controlFinding(path: readonly (string | number)[], character: string): SpecFinding {
  const code = character.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()
  return {
    path,
    code: 'RPM_CONTROL_CHARACTER',
    message: `The text contains the control character U+${code}, which breaks the indexes of repositories.`,
    hint: 'Remove the character; it is often left by a copy from a terminal or a file with CRLF line ends.',
  }
}

function fieldFindings(fields: PackageSpec['fields']): readonly SpecFinding[] {
  const findings: SpecFinding[] = []
  for (const [field, value] of Object.entries(fields)) {
    const path = ['fields', field]
    const control = controlCharacter.exec(value)
    if (control !== null) findings.push(controlFinding(path, control[0]))
    if (field === supplementsField) findings.push(...supplementsFindings(path, value))
    if (knownFields.includes(field)) continue
    findings.push({
      path,
      code: 'RPM_FIELD_UNKNOWN',
      message: `rpm packages have no free field "${field}".`,
      hint: `Known fields: ${knownFields.join(', ')}. Give a field that belongs to another format under that format's name.`,
    })
  }
  return findings
}

function supplementsFindings(path: readonly (string | number)[], value: string): readonly SpecFinding[] {
  try {
    parseRelations(value)
    return []
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return [{ path, code: error.code, message: error.message, hint: error.hint ?? '' }]
  }
}

function compressionFindings({ compression: { kind, level } }: PackageSpec): readonly SpecFinding[] {
  const { levelMin, levelMax } = compressions[kind]
  if (kind === 'none' || (Number.isInteger(level) && level >= levelMin && level <= levelMax)) return []
  return [
    {
      path: ['compression', 'level'],
      code: 'COMPRESSION_LEVEL',
      message: `The compression "${kind}" has no level ${level}.`,
      hint: `Choose a whole number from ${levelMin} to ${levelMax}.`,
    },
  ]
}

const timeMax = 0xffff_ffff

function timeFindings({ epoch, changelog }: PackageSpec): readonly SpecFinding[] {
  const isTime = (seconds: number) => Number.isInteger(seconds) && seconds >= 0 && seconds <= timeMax
  const finding = (path: readonly (string | number)[], seconds: number): SpecFinding => ({
    path,
    code: 'RPM_TIME',
    message: `${seconds} is no time that rpm can say: whole seconds since 1970, up to the year 2106.`,
    hint: 'Correct the date, or SOURCE_DATE_EPOCH.',
  })
  const wrong = changelog.flatMap(({ date }, index) =>
    isTime(date) ? [] : [finding(['changelog', index, 'date'], date)],
  )
  // rpm refuses to build it, and readers show the newest entry first.
  const order = changelog.flatMap(({ date }, index) => {
    const newer = changelog[index - 1]
    if (newer === undefined || newer.date >= date) return []
    return [
      {
        path: ['changelog', index],
        code: 'RPM_CHANGELOG_ORDER',
        message: `The changelog's entry ${index + 1} is newer than the entry before it.`,
        hint: 'Put the newest entry first.',
      },
    ]
  })
  return [...(isTime(epoch) ? [] : [finding(['epoch'], epoch)]), ...wrong, ...order]
}
