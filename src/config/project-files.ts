import { stat } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { UserError } from '../errors.ts'
import { codeOf } from '../lib/atomic-file.ts'
import type { Path, Problem } from './finding.ts'
import { isGlob } from './merge-variant.ts'
import { quote } from './quote.ts'
import type { WrittenConfig } from './schema/config-schema.ts'
import { scriptFields, type WrittenVariant } from './schema/package-schema.ts'

/** What a path of the project is now. */
export type FileState = 'file' | 'folder' | 'absent'

export type LookAtFile = (path: string) => Promise<FileState>

export const lookIn =
  (root: string): LookAtFile =>
  async (path) => {
    try {
      const found = await stat(join(root, path))
      return found.isDirectory() ? 'folder' : 'file'
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return 'absent'
      throw new UserError('CONFIG_FILE_UNREADABLE', `"${path}" cannot be looked at.`, {
        hint: 'hawser.yaml names it. Check the permissions of the file and of its folders.',
        cause: error,
      })
    }
  }

interface NamedFile {
  readonly path: Path
  readonly file: string
  readonly what: string
}

/**
 * Scripts, units, notes and changelogs are written by people and are there before a release; what `contents` names
 * may be built first, so it is looked for when packages are made.
 */
export async function checkFiles(config: WrittenConfig, look: LookAtFile): Promise<readonly Problem[]> {
  const problems: Problem[] = []
  for (const { path, file, what } of namedFiles(config)) {
    // A path in a source is known when it is fetched; one with a reference when the architecture is.
    if (/^[A-Za-z0-9][A-Za-z0-9._-]*:/.test(file) || file.includes('${') || isGlob(file)) continue
    const isOutside = posix.isAbsolute(file) || posix.normalize(file).split('/')[0] === '..'
    const state = isOutside ? 'outside' : await look(file)
    if (state !== 'file') problems.push({ path, ...wordsFor(state, file, what) })
  }
  return problems
}

function wordsFor(state: Exclude<FileState, 'file'> | 'outside', file: string, what: string) {
  if (state === 'outside') {
    const hint = 'Copy the file into the project.'
    return { code: 'CONTENT_OUTSIDE', message: `${quote(file)} is outside of the project.`, hint }
  }
  const message =
    state === 'folder' ? `${quote(file)} is a folder.` : `There is no file ${quote(file)} in the project.`
  return { code: 'CONFIG_FILE', message, hint: `Name the file of the ${what}, relative to hawser.yaml.` }
}

function namedFiles({ packages = {}, repositories = {}, release }: WrittenConfig): readonly NamedFile[] {
  const keys = Object.entries(repositories).flatMap(([name, { acceptedKeys = [] }]) =>
    acceptedKeys.flatMap((reference, index): readonly NamedFile[] => {
      const [, file] = /^file:(.+)$/.exec(reference) ?? []
      // A key, unlike a script, may be a file of the machine.
      if (file === undefined || posix.isAbsolute(file)) return []
      return [{ path: ['repositories', name, 'acceptedKeys', index], file, what: 'public key' }]
    }),
  )
  const variants = Object.entries(packages).flatMap(([name, one]) => [
    ...filesOfVariant(one, ['packages', name]),
    ...Object.entries(one.overrides ?? {}).flatMap(([key, override]) =>
      filesOfVariant(override, ['packages', name, 'overrides', key]),
    ),
  ])
  const files = [...variants, ...keys]
  const notes = release?.notes
  if (notes === undefined || typeof notes === 'string' || !('file' in notes)) return files
  return [...files, { path: ['release', 'notes', 'file'], file: notes.file, what: 'release notes' }]
}

function filesOfVariant(
  { scripts = {}, systemd = [], triggers = [], changelog }: WrittenVariant,
  at: Path,
): readonly NamedFile[] {
  const files: NamedFile[] = []
  const add = (file: string | undefined, path: Path, what: string) => {
    if (file !== undefined) files.push({ file, path: [...at, ...path], what })
  }
  for (const field of scriptFields) add(scripts[field], ['scripts', field], 'script')
  for (const [index, { unit }] of systemd.entries()) add(unit, ['systemd', index, 'unit'], 'unit')
  for (const [index, { script }] of triggers.entries()) add(script, ['triggers', index, 'script'], 'script')
  if (typeof changelog === 'string') add(changelog, ['changelog'], 'changelog')
  return files
}
