import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { fileSystemError } from '../lib/atomic-file.ts'

/** Package files as named; of a folder, those with the extension in it and below, in the order of their paths. */
export async function packageFiles(paths: readonly string[], extension: string): Promise<readonly string[]> {
  const files: string[] = []
  for (const path of paths) {
    try {
      if ((await stat(path)).isDirectory()) files.push(...(await packagesIn(path, extension)))
      else files.push(path)
    } catch (error) {
      throw fileSystemError(error, 'read the package', path)
    }
  }
  return files
}

async function packagesIn(folder: string, extension: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const found = entries.filter((entry) => entry.isFile() && entry.name.endsWith(extension))
  if (found.length > 0) return found.map(({ parentPath, name }) => join(parentPath, name)).toSorted()
  throw new UserError('REPOSITORY_NO_PACKAGES', `There is no *${extension} file in "${folder}".`, {
    hint: 'Name package files, or a folder that holds some, also in folders below it.',
  })
}
