import type { Report } from './resolve-variant.ts'
import type { ResolvedChangelog } from './resolved-package.ts'
import type { WrittenVariant } from './schema/package-schema.ts'

/** A package's changelog: the name of a file, or entries that are checked here. */
export function changelogOf(
  { changelog = [], maintainer = '' }: WrittenVariant,
  report: Report,
): ResolvedChangelog {
  if (typeof changelog === 'string') return { from: 'file', path: changelog }
  const entries = changelog.map(({ version, date, author, changes }, index) => {
    const time = Date.parse(`${date}T00:00:00Z`)
    // Date.parse takes the 31st of every month.
    const isDay = !Number.isNaN(time) && new Date(time).toISOString().startsWith(date)
    if (!isDay) {
      report(
        ['changelog', index, 'date'],
        'CHANGELOG_DATE',
        `"${date}" is no day of the calendar.`,
        'Write YYYY-MM-DD.',
      )
    }
    return { version, author: author ?? maintainer, date: isDay ? time / 1000 : 0, changes }
  })
  return { from: 'entries', entries }
}
