import { z } from 'zod'
import { edit, repositoryPath } from '../../downstream/edit.ts'
import { UserError } from '../../errors.ts'
import type { Contents } from '../../forge/forge-parts.ts'
import { bumpScanConfig } from '../../module/bump-scan-config.ts'
import { short } from '../forge-part.ts'

export const changeOptions = {
  files: z.record(repositoryPath, z.string()).default({}),
  scanConfigs: z
    .array(
      z.strictObject({
        path: repositoryPath,
        rcTag: z.string().optional(),
        images: z
          .array(
            z.strictObject({
              name: z.string(),
              newName: z.string().optional(),
              newTag: z.string().optional(),
              digest: z.string().optional(),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
  edits: z.array(edit).default([]),
  /** Edits that replace these later on: where the base or the branch has them, this change stays as it is, superseded. */
  laterEdits: z.array(z.array(edit)).default([]),
}
const changes = z.object(changeOptions)
export type Changes = z.infer<typeof changes>

/** Path → what the file is to be, made from what it is at `commit`. */
export async function wantedFiles(
  { files, scanConfigs, edits }: Changes,
  contents: Contents,
  commit: string,
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Map(Object.entries(files))
  for (const { path: name, rcTag, images } of scanConfigs) {
    const before = await contents.read(name, commit)
    if (before === undefined) {
      throw new UserError('CHANGE_FILE', `The file "${name}" is not in the commit ${short(commit)}.`, {
        hint: 'Correct the path, or commit the file; paths are relative to the top of the repository.',
      })
    }
    wanted.set(name, bumpScanConfig(before, name, { rcTag, images }))
  }
  if (wanted.size > 0 || edits.length > 0) return wanted
  throw new UserError('CHANGE_EMPTY', 'The step "propose-change" names no file to change.', {
    hint: 'Name files with their content as "files", scanner configurations as "scanConfigs", or typed changes as "edits".',
  })
}

/** Those that are something else, or absent, at `commit`. */
export async function differingFiles(
  wanted: ReadonlyMap<string, string>,
  contents: Contents,
  commit: string,
): Promise<{ readonly [path: string]: string }> {
  const different: Record<string, string> = {}
  for (const [name, text] of wanted) {
    if ((await contents.read(name, commit)) !== text) different[name] = text
  }
  return different
}
