import { applyEdits, tryEdits } from '../../downstream/apply-edits.ts'
import type { Edit } from '../../downstream/edit.ts'
import { filesOf } from '../../downstream/file-paths.ts'
import type { Files } from '../../downstream/replacement.ts'
import { UserError } from '../../errors.ts'
import type { Forge } from '../../forge/forge.ts'
import type { BranchChange } from '../../forge/forge-parts.ts'
import { areMade, readForEdits } from '../edited-files.ts'
import { baseBranch, headOf, neededPart } from '../forge-part.ts'
import { type Changes, differingFiles, wantedFiles } from './wanted-files.ts'

type FileTexts = { readonly [path: string]: string }

/** What the base is to become. */
export interface Goal {
  readonly base: string
  /** The commit at the base's head, which the change is made over. */
  readonly head: string
  /** Whether a commit has it, or the later change that replaces it. */
  has(commit: string): Promise<boolean>
  /** What is missing at a commit; whole files. Throws when an edit does not match there. */
  missingAt(commit: string): Promise<FileTexts>
  /** The same over a commit of other people; absent where whole files are written, which would undo theirs. */
  readonly missingOver: BranchChange['onTop'] | undefined
  /** The files that it is about, as they are found at a commit. */
  pathsAt(commit: string): Promise<readonly string[]>
}

export async function goalOf(
  options: Changes & { readonly base?: string | undefined },
  forge: Forge,
  signal: AbortSignal,
): Promise<Goal> {
  const { edits, laterEdits } = options
  const contents = neededPart(forge, 'contents', 'propose-change')
  const base = await baseBranch(forge, options.base, 'propose-change')
  const head = await headOf(forge, base)
  const wanted = await wantedFiles(options, contents, head)
  refuseTwice(edits, wanted)
  const filesAt = (commit: string, of = edits): Promise<Files> =>
    readForEdits(of, [], { contents, commit, signal })
  const hasWanted = async (commit: string): Promise<boolean> =>
    Object.keys(await differingFiles(wanted, contents, commit)).length === 0
  const edited = async (commit: string): Promise<FileTexts> =>
    Object.fromEntries(applyEdits(edits, await filesAt(commit)).files)
  return {
    base,
    head,
    has: async (commit) => {
      if (!(await hasWanted(commit))) return false
      if (edits.length === 0) return true
      const all = [edits, ...laterEdits]
      const files = await filesAt(commit, all.flat())
      return all.some((one) => areMade(one, files))
    },
    missingAt: async (commit) => ({
      ...(await differingFiles(wanted, contents, commit)),
      ...(await edited(commit)),
    }),
    missingOver: wanted.size > 0 || edits.length === 0 ? undefined : edited,
    pathsAt: async (commit) => {
      return [...wanted.keys(), ...tryEdits(edits, await filesAt(commit)).touched]
    },
  }
}

/** Whole files are made of what the base has, and would undo the edits. */
function refuseTwice(edits: readonly Edit[], wanted: ReadonlyMap<string, string>): void {
  const twice = edits.flatMap(filesOf).find((path) => wanted.has(path))
  if (twice === undefined) return
  throw new UserError('CHANGE_TWICE', `"${twice}" is to be written whole, and to be edited.`, {
    hint: 'Take it out of "files" and "scanConfigs", or out of "edits".',
  })
}
