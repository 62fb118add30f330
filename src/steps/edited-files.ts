import { tryEdits } from '../downstream/apply-edits.ts'
import type { Edit } from '../downstream/edit.ts'
import { filesOf, isGlob, matchingPaths } from '../downstream/file-paths.ts'
import type { Files } from '../downstream/replacement.ts'
import { UserError } from '../errors.ts'
import type { Contents } from '../forge/forge-parts.ts'
import { mapLimited } from '../lib/limit.ts'

const filesMax = 2000

/** The texts that edits look at, and `more` paths or globs, as they are at a commit; without those that are not there. */
export async function readForEdits(
  edits: readonly Edit[],
  more: readonly string[],
  {
    contents,
    commit,
    signal,
  }: { readonly contents: Contents; readonly commit: string; readonly signal: AbortSignal },
): Promise<Files> {
  const patterns = [...new Set([...edits.flatMap(filesOf), ...more])]
  const named = patterns.filter((pattern) => !isGlob(pattern))
  const globs = patterns.filter(isGlob)
  const all = globs.length === 0 ? [] : ((await contents.list(commit)) ?? [])
  const found = globs.flatMap((glob) => matchingPaths(glob, all)).filter((path) => !named.includes(path))
  const paths = [...named, ...new Set(found)]
  if (paths.length > filesMax) throw tooMany(paths.length)
  const texts = await mapLimited(
    paths,
    8,
    async (path) => [path, await textOf(path, named.includes(path), contents, commit)] as const,
    signal,
  )
  return new Map(texts.flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])))
}

/** A picture among documents has no versions to change; one that is named as an edit's file is a mistake. */
async function textOf(
  path: string,
  isNamed: boolean,
  contents: Contents,
  commit: string,
): Promise<string | undefined> {
  try {
    return await contents.read(path, commit)
  } catch (error) {
    if (!isNamed && error instanceof UserError && error.code === 'CONTENTS_NOT_TEXT') return undefined
    throw error
  }
}

const tooMany = (count: number): UserError =>
  new UserError('EDIT_FILES', `The globs of the edits match ${count} files; ${filesMax} are read at most.`, {
    hint: 'Name the folders where versions are mentioned.',
  })

/** Whether the files are as the edits make them. */
export function areMade(edits: readonly Edit[], files: Files): boolean {
  const { applied, findings } = tryEdits(edits, files)
  return applied.length === 0 && findings.length === 0
}
