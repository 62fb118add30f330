import { UserError } from '../errors.ts'
import type { ChangelogEntry } from './package-spec.ts'

const title = /^(?<name>[a-z0-9][a-z0-9.+-]+) \((?<version>[^()\s]+)\)[^;]*;.*$/i
const trailer = /^ -- (?<author>.*<.*>) {2}(?<date>\S.*)$/

/** deb-changelog(5): entries of a title, indented changes and a trailer, newest first. */
export function parseDebianChangelog(text: string, name: string): readonly ChangelogEntry[] {
  const entries: ChangelogEntry[] = []
  let open: { version: string; line: number; changes: string[] } | undefined
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const at = `${name}:${index + 1}`
    const [heading, end] = [title.exec(line)?.groups, trailer.exec(line)?.groups]
    if (heading !== undefined) {
      if (open !== undefined) throw problem(at, 'begins an entry before the last one has its " -- " line')
      open = { version: heading['version'] ?? '', line: index, changes: [] }
    } else if (end !== undefined) {
      if (open === undefined) throw problem(at, 'ends an entry that did not begin')
      const date = Date.parse(end['date'] ?? '') / 1000
      if (!Number.isInteger(date)) throw problem(at, `has the date "${end['date']}", which is none`)
      entries.push({ version: open.version, author: end['author'] ?? '', date, changes: open.changes })
      open = undefined
    } else if (/^\s+\S/.test(line)) {
      if (open === undefined) throw problem(at, 'is a change outside of an entry')
      appendChange(open.changes, line)
    } else if (line.trim() !== '') {
      throw problem(at, 'is neither a title, a change nor a " -- " line')
    }
  }
  if (open !== undefined) throw problem(`${name}:${open.line + 1}`, 'begins an entry without its " -- " line')
  return entries
}

/** A change begins with `*`; deeper lines go on with it. */
function appendChange(changes: string[], line: string): void {
  const text = line.trim()
  const last = changes.length - 1
  if (text.startsWith('* ') || last < 0) changes.push(text.replace(/^\* /, ''))
  else changes[last] = `${changes[last]} ${text}`
}

const problem = (at: string, what: string): UserError =>
  new UserError('CHANGELOG_SYNTAX', `${at} ${what}.`, {
    hint: 'Write it as deb-changelog(5) says: "name (version) suite; urgency=low", "  * change", " -- Name <mail>  date".',
  })
