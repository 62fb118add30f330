import { compressions } from '../../archive/compression.ts'
import { architectureFinding } from '../architecture.ts'
import type { SpecFinding } from '../package-format.ts'
import type { PackageSpec, Scripts } from '../package-spec.ts'
import { contentFindings } from './content-findings.ts'
import { reservedFields } from './fields.ts'
import { relationFindings } from './relation-findings.ts'
import { isShell, scriptNames } from './scripts.ts'
import { debVersionFindings } from './version.ts'

/** Everything that keeps this spec from being a Debian package, before a byte is written. */
export function debFindings(spec: PackageSpec): readonly SpecFinding[] {
  return [
    ...nameFindings(spec),
    ...debVersionFindings(spec.version).map(({ member, ...rest }) => ({
      path: ['version', member],
      ...rest,
    })),
    ...architectureFindings(spec),
    ...textFindings(spec),
    ...relationFindings(spec.relations),
    ...contentFindings(spec.contents),
    ...scriptFindings(spec),
    ...triggerFindings(spec),
    ...systemdFindings(spec),
    ...changelogFindings(spec),
    ...fieldFindings(spec),
    ...compressionFindings(spec),
    ...timeFindings(spec),
  ]
}

// Debian Policy 5.6.7.
const namePattern = /^[a-z0-9][a-z0-9+.-]+$/

function nameFindings({ name }: PackageSpec): SpecFinding[] {
  if (namePattern.test(name)) return []
  return [
    {
      path: ['name'],
      code: 'DEB_NAME',
      message: `The package name "${name}" is not one that dpkg accepts.`,
      hint: 'Use two or more lower-case letters, digits and + - . only, and begin with a letter or digit.',
    },
  ]
}

function architectureFindings({ architecture }: PackageSpec): SpecFinding[] {
  const problem = architectureFinding(architecture)
  return problem === undefined ? [] : [{ path: ['architecture'], code: 'PACKAGE_ARCHITECTURE', ...problem }]
}

const oneLineTexts = [
  'summary',
  'maintainer',
  'vendor',
  'homepage',
  'license',
  'section',
  'priority',
] as const

function textFindings(spec: PackageSpec): SpecFinding[] {
  const findings: SpecFinding[] = []
  if (spec.summary.trim() === '') {
    findings.push({
      path: ['summary'],
      code: 'DEB_SUMMARY',
      message: 'The package has no summary, and dpkg demands a description.',
      hint: 'Say in one line what the package is for.',
    })
  }
  if (!/^[^<>,\n]+ <[^<>@\s]+@[^<>@\s]+>$/.test(spec.maintainer)) {
    findings.push({
      path: ['maintainer'],
      code: 'DEB_MAINTAINER',
      message: `The maintainer "${spec.maintainer}" is not a name with an address.`,
      hint: 'Write it like "Release Team <release@example.org>".',
    })
  }
  for (const member of oneLineTexts) {
    if (!/[\n\r]/.test(spec[member] ?? '')) continue
    findings.push({
      path: [member],
      code: 'DEB_TEXT_LINES',
      message: `The ${member} has several lines, and a field of a control file has one.`,
      hint: `Put the ${member} on one line.`,
    })
  }
  return findings
}

const foreignScripts = ['preTransaction', 'postTransaction'] as const satisfies readonly (keyof Scripts)[]

function scriptFindings({ scripts, systemd }: PackageSpec): SpecFinding[] {
  const findings: SpecFinding[] = []
  for (const name of foreignScripts) {
    if (scripts[name] === undefined) continue
    findings.push({
      path: ['scripts', name],
      code: 'DEB_SCRIPT',
      message: `Debian packages have no ${name} script.`,
      hint: "Declare it in the package's rpm part only.",
    })
  }
  for (const name of Object.keys(scriptNames) as (keyof typeof scriptNames)[]) {
    // the keys of that very table
    const text = scripts[name]
    if (text === undefined || isShell(text) || systemd.length === 0) continue
    findings.push({
      path: ['scripts', name],
      code: 'DEB_SCRIPT_SHELL',
      message: `The ${name} script is not a shell script, so the commands for systemd units cannot be put beside it.`,
      hint: 'Write it for /bin/sh, or call your program from a shell script.',
    })
  }
  return findings
}

const debTriggers: readonly string[] = ['interest', 'interest-noawait', 'activate', 'activate-noawait']

function triggerFindings({ triggers }: PackageSpec): SpecFinding[] {
  return triggers.flatMap(({ kind, on, script }, index) => {
    const path = ['triggers', index]
    if (!debTriggers.includes(kind) || script !== undefined) {
      return {
        path,
        code: 'DEB_TRIGGER',
        message: `The trigger "${kind} ${on}"${script === undefined ? '' : ' with a script of its own'} is one of rpm.`,
        hint: `Declare it in the package's rpm part; Debian has ${debTriggers.join(', ')}.`,
      }
    }
    if (/^[!-~]+$/.test(on)) return []
    return {
      path,
      code: 'DEB_TRIGGER_NAME',
      message: `The trigger name "${on}" is not one word of ASCII characters.`,
      hint: 'Name a path, for example /usr/share/icons, or a trigger of another package.',
    }
  })
}

const unitFolders = ['/usr/lib/systemd/system', '/lib/systemd/system', '/etc/systemd/system']

function systemdFindings({ systemd, contents }: PackageSpec): SpecFinding[] {
  const paths = new Set(contents.map(({ path }) => path))
  return systemd.flatMap(({ unit }, index) => {
    if (unitFolders.some((folder) => paths.has(`${folder}/${unit}`))) return []
    return {
      path: ['systemd', index, 'unit'],
      code: 'DEB_UNIT_MISSING',
      message: `The systemd unit "${unit}" is not among the package's contents.`,
      hint: `Add a file with the path ${unitFolders[0]}/${unit}.`,
    }
  })
}

function changelogFindings({ changelog }: PackageSpec): SpecFinding[] {
  return changelog.flatMap(({ version, author, changes }, index) => {
    if (/^\S+$/.test(version) && /^[^<>\n]+ <[^<>\n]+>$/.test(author) && changes.length > 0) return []
    return {
      path: ['changelog', index],
      code: 'DEB_CHANGELOG',
      message: `The changelog entry for "${version}" by "${author}" is not complete.`,
      hint: 'Give it a version, an author like "Ada Example <ada@example.org>", and at least one change.',
    }
  })
}

function fieldFindings({ fields }: PackageSpec): SpecFinding[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const path = ['fields', name]
    if (reservedFields.has(name.toLowerCase())) {
      return {
        path,
        code: 'DEB_FIELD_RESERVED',
        message: `The field "${name}" is written by the package's own declaration.`,
        hint: 'Use the declaration of the package for it.',
      }
    }
    // Policy 5.1: no space, no colon, no # or - in front; continuation lines begin with a space and are not blank.
    if (
      /^[!-,.-9;-~][!-9;-~]*$/.test(name) &&
      !name.startsWith('#') &&
      /^[^\n]*(\n[ \t]+\S[^\n]*)*$/.test(value)
    ) {
      return []
    }
    return {
      path,
      code: 'DEB_FIELD',
      message: `The field "${name}" cannot stand in a control file.`,
      hint: 'Use a name without spaces and colons; every further line of the value begins with a space.',
    }
  })
}

function compressionFindings({ compression: { kind, level } }: PackageSpec): SpecFinding[] {
  if (!Object.hasOwn(compressions, kind)) {
    return [
      {
        path: ['compression', 'kind'],
        code: 'DEB_COMPRESSION',
        message: `The compression "${kind}" is not known.`,
        hint: `Use one of ${Object.keys(compressions).join(', ')}.`,
      },
    ]
  }
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

function timeFindings({ epoch }: PackageSpec): SpecFinding[] {
  // Twelve digits are what ar has room for.
  if (Number.isSafeInteger(epoch) && epoch >= 0 && epoch < 1e12) return []
  return [
    {
      path: ['epoch'],
      code: 'PACKAGE_EPOCH',
      message: `The time ${epoch} is not a number of seconds since 1970.`,
      hint: 'Set SOURCE_DATE_EPOCH to a whole number of seconds, or unset it.',
    },
  ]
}
