import { changelogOf } from '../changelog.ts'
import type { ChangelogEntry, PackageSpec } from '../package-spec.ts'
import { debVersion } from './version.ts'

/** deb-changelog(5). */
export function renderChangelog(spec: PackageSpec): string {
  const entries = changelogOf(spec, debVersion(spec.version))
  return entries.map((entry) => renderEntry(spec.name, entry)).join('\n')
}

function renderEntry(name: string, { version, author, date, changes }: ChangelogEntry): string {
  const lines = changes.map((change) => `  * ${change.trim().replaceAll(/\s*\n\s*/g, '\n    ')}`)
  return [
    `${name} (${version}) unstable; urgency=medium`,
    '',
    ...lines,
    '',
    ` -- ${author}  ${rfc5322(date)}`,
    '',
  ].join('\n')
}

/** Always in UTC and English: the machine's time zone and locale must not show. */
function rfc5322(seconds: number): string {
  return new Date(seconds * 1000).toUTCString().replace(/GMT$/, '+0000')
}
