import type { Report } from './resolve-variant.ts'
import type { ResolvedChangelog } from './resolved-package.ts'
import type { WrittenVariant } from './schema/package-schema.ts'

/** A package's changelog: the name of a file, or entries that are checked here. */
export function changelogOf(
  { changelog = [], maintainer = '' }: WrittenVariant,
  report: Report,
): ResolvedChangelog {
  if (typeof changelog === 'string') return { from: 'file', path: changelog }
  const entries = changelog.flatMap(({ version, date, author = maintainer, changes }, index) => {
    // What is missing has been reported with the schema.
    if (version === undefined || date === undefined || changes === undefined) return []
    const time = Date.parse(`${date}T00:00:00Z`)
    // Date.parse takes the 31st of every month.
    const isDay = !Number.isNaN(time) && new Date(time).toISOString().startsWith(date)
    const path = ['changelog', index, 'date']
    if (!isDay) report(path, 'CHANGELOG_DATE', `"${date}" is no day of the calendar.`, 'Write YYYY-MM-DD.')
    return [{ version, author, date: isDay ? time / 1000 : 0, changes }]
  })
  return { from: 'entries', entries }
}
