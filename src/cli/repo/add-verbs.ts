import { resolve } from 'node:path'
import { exitCodes, UserError } from '../../errors.ts'
import {
  addFiles,
  copyDeclared,
  initDeclared,
  type Published,
  removeDeclared,
} from '../../release/repositories.ts'
import type { Terminal } from '../terminal.ts'
import type { Verb, Verbs } from './verb.ts'

/** `copy` and `promote` are one thing; who promotes means a later stage of the same packages. */
const copy: Verb = async ({ name, words, outside, terminal }) => {
  const [to, ...choices] = words
  if (to === undefined) {
    throw new UserError('USAGE_WORDS', 'A copy needs the repository that gets the packages.', {
      hint: 'Usage: hawser repo promote FROM TO [PACKAGE …]',
    })
  }
  if (to === name) {
    throw new UserError('USAGE_WORDS', `"${name}" cannot be copied to itself.`, {
      hint: 'Name two repositories: hawser repo promote FROM TO [PACKAGE …]',
    })
  }
  const result = await copyDeclared(name, to, choices, outside)
  printResult(result, terminal)
  terminal.note(`Next: hawser repo verify ${to}`)
  return exitCodes.done
}

/** What changes the packages that are listed. */
export const addVerbs: Verbs = {
  async init({ name, outside, terminal }) {
    const result = await initDeclared(name, outside)
    terminal.print(terminal.json ? JSON.stringify(result) : `The repository "${name}" is there.`)
    return exitCodes.done
  },
  async add({ name, words, outside, terminal, cwd }) {
    if (words.length === 0) {
      throw new UserError('USAGE_WORDS', '"hawser repo add" needs package files.', {
        hint: 'Usage: hawser repo add NAME FILE-OR-FOLDER …',
      })
    }
    const result = await addFiles(
      name,
      words.map((file) => resolve(cwd, file)),
      outside,
    )
    printResult(result, terminal)
    terminal.note(`Next: hawser repo verify ${name}`)
    return exitCodes.done
  },
  copy,
  promote: copy,
  async remove({ name, words, outside, terminal }) {
    if (words.length === 0) {
      throw new UserError('USAGE_WORDS', '"hawser repo remove" needs packages.', {
        hint: 'Usage: hawser repo remove NAME PACKAGE …',
      })
    }
    const removed = await removeDeclared(name, words, outside)
    if (terminal.json) terminal.print(JSON.stringify(removed))
    else for (const { path } of removed) terminal.print(`- ${path}`)
    terminal.note(
      `The files are still there, for readers of older indexes. Next: hawser repo gc ${name}, or rollback.`,
    )
    return exitCodes.done
  },
}

function printResult(result: Published, terminal: Terminal): void {
  if (terminal.json) {
    terminal.print(JSON.stringify(result))
    return
  }
  for (const { path } of result.added) terminal.print(`+ ${path}`)
  for (const { path } of result.kept) terminal.print(`= ${path}`)
}
