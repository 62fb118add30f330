import { resolve } from 'node:path'
import { exitCodes, UserError } from '../errors.ts'
import {
  type BumpedConsumer,
  bumpConsumers,
  type ConsumerDrift,
  type ConsumerRequest,
  checkConsumers,
} from '../release/bump-consumer.ts'
import { nextVersion } from '../release/next-version.ts'
import { declare } from '../release/prepare.ts'
import { findProject, type Project } from '../release/project.ts'
import { type CommandInput, type Flag, stringFlag } from './command.ts'
import { inputsOf } from './inputs.ts'
import type { Terminal } from './terminal.ts'
import { unifiedDiff } from './unified-diff.ts'
import { versionOf } from './version-word.ts'

export const consumerFlags = {
  in: {
    type: 'string',
    value: 'FOLDER',
    describe:
      'Make the edits in this checkout of the consumer. Without it: only show what would change at its base branch.',
  },
  check: {
    type: 'boolean',
    describe:
      'Only tell what is not as this version wants it, by file and line; exit 1 when there is something.',
  },
  environment: {
    type: 'string',
    value: 'NAME',
    describe: "The environment whose addresses are written. Without it: the consumer's last.",
  },
} satisfies Record<string, Flag>

/** `hawser bump [VERSION] [CONSUMER]`. */
export async function runBumpConsumer({ words, flags, ...input }: CommandInput): Promise<number> {
  const { terminal, environment, cwd, signal } = input
  const { word, consumer, extra } = meaningOf(words)
  if (extra !== undefined) {
    throw new UserError('USAGE_WORDS', `"hawser bump" does not know what to do with "${extra}".`, {
      hint: 'Usage: hawser bump [VERSION|next] [CONSUMER] [--in FOLDER] [--check] [--environment NAME]',
    })
  }
  const isCheck = flags['check'] === true
  const project = await findProject({ cwd, environment })
  const asked = { project, flags, terminal, signal }
  const version =
    word === undefined && isCheck ? await newestVersion(asked) : await versionOf(word ?? 'next', asked)
  const { config } = await declare({ project, version, inputs: inputsOf(flags), signal })
  const folder = stringFlag(flags, 'in')
  const request: ConsumerRequest = {
    ...{ config, consumer, project, signal, log: terminal.note },
    environment: stringFlag(flags, 'environment'),
    folder: folder === undefined ? undefined : resolve(cwd, folder),
  }
  if (isCheck) return showDrift(await checkConsumers(request), version, terminal)
  return showBumped(await bumpConsumers(request), request, version, terminal)
}

/** A version begins with a digit; a consumer alone may be given, too. */
function meaningOf([first, second, third]: readonly string[]): {
  readonly word: string | undefined
  readonly consumer: string | undefined
  readonly extra: string | undefined
} {
  const isConsumer = first !== undefined && second === undefined && /^(?!next$|[vV]?\d)/.test(first)
  if (isConsumer) return { word: undefined, consumer: first, extra: undefined }
  return { word: first, consumer: second, extra: third }
}

/** What consumers ought to be at: the build that was released last, else the first one. */
async function newestVersion({
  project,
  flags,
  terminal,
  signal,
}: Pick<CommandInput, 'flags' | 'terminal' | 'signal'> & { project: Project }): Promise<string> {
  const request = { project, signal, log: terminal.note, inputs: inputsOf(flags) }
  const { upstream, build, isOfThisCommit } = await nextVersion(undefined, request)
  return `${upstream}-${isOfThisCommit ? build : Math.max(1, build - 1)}`
}

function showDrift(checked: readonly ConsumerDrift[], version: string, terminal: Terminal): number {
  if (terminal.json) terminal.print(JSON.stringify(checked, null, 2))
  for (const { consumer, where, files, findings } of checked) {
    const count = findings.length === 1 ? 'One place is' : `${findings.length} places are`
    if (findings.length === 0) terminal.note(`${consumer}: ${files} files of ${where} are at ${version}.`)
    else terminal.note(`${consumer}: ${count} not at ${version}, in ${where}:`)
    if (terminal.json) continue
    for (const { file, line, message } of findings) {
      terminal.print(`${line === undefined ? file : `${file}:${line}`}  ${message}`)
    }
    // Many places have the same cure.
    for (const hint of new Set(findings.map((one) => one.hint))) terminal.note(`    ${hint}`)
  }
  return checked.some(({ findings }) => findings.length > 0) ? exitCodes.failed : exitCodes.done
}

function showBumped(
  bumped: readonly BumpedConsumer[],
  { folder }: ConsumerRequest,
  version: string,
  terminal: Terminal,
): number {
  if (terminal.json) {
    const changes = bumped.map(({ before, after, ...rest }) => ({ ...rest, files: [...after.keys()] }))
    terminal.print(JSON.stringify(changes, null, 2))
  }
  for (const one of bumped) {
    if (!terminal.json) for (const line of linesOf(one, folder)) terminal.print(line)
    terminal.note(summaryOf(one, folder, version))
  }
  return exitCodes.done
}

function linesOf({ before, after, applied }: BumpedConsumer, folder: string | undefined): readonly string[] {
  if (folder === undefined) {
    return [...after].flatMap(([path, text]) => unifiedDiff(path, before.get(path) ?? '', text))
  }
  return applied.map(({ file, line, before: old, after: now }) => `${file}:${line}  ${old} → ${now}`)
}

function summaryOf(
  { consumer, where, environment, applied, after }: BumpedConsumer,
  folder: string | undefined,
  version: string,
): string {
  const of = environment === undefined ? '' : ` of ${environment}`
  if (applied.length === 0) return `${consumer}: ${where} has the packages ${version}${of} already.`
  const places = applied.length === 1 ? 'one place' : `${applied.length} places`
  const files = after.size === 1 ? 'one file' : `${after.size} files`
  const next = folder === undefined ? 'would change' : 'changed. Next: look at it (git diff), and commit it'
  return `\n${consumer}: for the packages ${version}${of}, ${places} in ${files} of ${where} ${next}.`
}
