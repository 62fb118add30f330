import { resolve } from 'node:path'
import { exitCodes, UserError } from '../errors.ts'
import type { OutsideRun } from '../release/open-declared.ts'
import { findProject } from '../release/project.ts'
import { addFiles, initDeclared, listEntries, verifyDeclared } from '../release/repositories.ts'
import type { Command, CommandInput } from './command.ts'

type Verb = (
  name: string,
  files: readonly string[],
  input: CommandInput,
  outside: OutsideRun,
) => Promise<number>

export const repo: Command = {
  name: 'repo',
  usage: 'init|add|list|verify NAME [FILE …]',
  describe: 'Works on one package repository of hawser.yaml, without a release.',
  words: [2, Number.POSITIVE_INFINITY],
  flags: { deep: { type: 'boolean', describe: 'verify: read every package and compare its digest.' } },
  async run(input) {
    const [verb = '', name = '', ...files] = input.words
    const run = verbs[verb]
    if (run === undefined || !Object.hasOwn(verbs, verb)) {
      throw new UserError('USAGE_WORDS', `"hawser repo ${verb}" does not exist.`, {
        hint: `Verbs: ${Object.keys(verbs).join(', ')}.`,
      })
    }
    const { cwd, environment, signal, terminal } = input
    const project = await findProject({ cwd, environment })
    return run(name, files, input, { project, signal, log: terminal.note })
  },
}

const verbs: { readonly [verb: string]: Verb | undefined } = {
  async init(name, _files, { terminal }, outside) {
    const result = await initDeclared(name, outside)
    terminal.print(terminal.json ? JSON.stringify(result) : `The repository "${name}" is there.`)
    return exitCodes.done
  },
  async add(name, files, { terminal, cwd }, outside) {
    if (files.length === 0) {
      throw new UserError('USAGE_WORDS', '"hawser repo add" needs package files.', {
        hint: 'Usage: hawser repo add NAME FILE …',
      })
    }
    const absolute = files.map((file) => resolve(cwd, file))
    const result = await addFiles(name, absolute, outside)
    if (terminal.json) terminal.print(JSON.stringify(result))
    for (const { path } of terminal.json ? [] : result.added) terminal.print(`+ ${path}`)
    for (const { path } of terminal.json ? [] : result.kept) terminal.print(`= ${path}`)
    terminal.note(`Next: hawser repo verify ${name}`)
    return exitCodes.done
  },
  async list(name, _files, { terminal }, outside) {
    const entries = await listEntries(name, outside)
    if (terminal.json) terminal.print(JSON.stringify(entries, null, 2))
    else
      for (const entry of entries)
        terminal.print(`${entry.name} ${entry.version} ${entry.architecture}  ${entry.path}`)
    return exitCodes.done
  },
  async verify(name, _files, { terminal, flags }, outside) {
    const findings = await verifyDeclared(name, flags['deep'] === true, outside)
    if (terminal.json) terminal.print(JSON.stringify(findings, null, 2))
    else for (const { code, message } of findings) terminal.print(`${code}: ${message}`)
    if (findings.length > 0) return exitCodes.failed
    terminal.note(`The repository "${name}" reads back right.`)
    return exitCodes.done
  },
}
