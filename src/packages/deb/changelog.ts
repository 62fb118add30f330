import type { ChangelogEntry, PackageSpec } from '../package-spec.ts'
import { debVersion } from '../version.ts'

/** deb-changelog(5). A package without a changelog of its own gets one entry, because Debian Policy 12.7 wants one. */
export function renderChangelog(spec: PackageSpec): string {
  const entries: readonly ChangelogEntry[] =
    spec.changelog.length > 0
      ? spec.changelog
      : [
          {
            version: debVersion(spec.version),
            author: spec.maintainer,
            date: spec.epoch,
            changes: [`Release ${spec.version.declared}.`],
          },
        ]
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
