import { resolve } from 'node:path'
import { exitCodes, UserError } from '../../errors.ts'
import {
  exportDeclared,
  type History,
  historyOf,
  listEntries,
  verifyDeclared,
} from '../../release/repositories.ts'
import type { Verbs } from './verb.ts'

/** What only reads. */
export const readVerbs: Verbs = {
  /** One line for each package and index as they are read: a repository may be larger than memory. */
  async list({ name, outside, terminal }) {
    for await (const entry of listEntries(name, outside)) {
      const { version, architecture, path } = entry
      terminal.print(
        terminal.json ? JSON.stringify(entry) : `${entry.name} ${version} ${architecture}  ${path}`,
      )
    }
    return exitCodes.done
  },
  async verify({ name, outside, terminal, flags }) {
    const findings = await verifyDeclared(name, flags['deep'] === true, outside)
    if (terminal.json) terminal.print(JSON.stringify(findings, null, 2))
    else for (const { code, message } of findings) terminal.print(`${code}: ${message}`)
    if (findings.length > 0) return exitCodes.failed
    terminal.note(`The repository "${name}" reads back right.`)
    return exitCodes.done
  },
  async export({ name, words, outside, terminal, cwd }) {
    const [folder] = words
    if (folder === undefined) {
      throw new UserError('USAGE_WORDS', '"hawser repo export" needs a folder.', {
        hint: 'Usage: hawser repo export NAME FOLDER',
      })
    }
    const count = await exportDeclared(name, resolve(cwd, folder), outside)
    terminal.print(
      terminal.json ? JSON.stringify({ folder, files: count }) : `${count} files are in "${folder}".`,
    )
    return exitCodes.done
  },
  async history({ name, outside, terminal }) {
    const items = await historyOf(name, outside)
    if (terminal.json) terminal.print(JSON.stringify(items.map(plain), null, 2))
    else for (const item of items) terminal.print(lineOf(item))
    if (items.length === 0) {
      terminal.note(`"${name}" has no records of its generations yet: the next publish writes the first one.`)
    }
    return exitCodes.done
  },
}

function plain({ ref, generation }: History[number]) {
  if (generation === undefined) return { ...ref, state: 'gone' }
  const { date, cause, added, removed, addedCount, removedCount } = generation
  return { ...ref, date, cause, added, removed, addedCount, removedCount }
}

function lineOf({ ref, generation }: History[number]): string {
  if (generation === undefined) return `${ref.sequence}  (its record is gone; older ones are not known)`
  const { date, cause, addedCount, removedCount, added } = generation
  const counts = [
    ...(addedCount > 0 ? [`+${addedCount}`] : []),
    ...(removedCount > 0 ? [`-${removedCount}`] : []),
  ]
  const who = [cause.project, cause.version, cause.commit?.slice(0, 12)].filter((word) => word !== undefined)
  const extra = [
    ...(cause.to === undefined ? [] : [`to ${cause.to}`]),
    ...(cause.from === undefined ? [] : [`from ${cause.from}`]),
  ]
  const [only] = added
  const what = addedCount === 1 && only !== undefined ? [only.path] : []
  return [ref.sequence, date, cause.kind, ...extra, ...counts, ...who, ...what].join('  ')
}
