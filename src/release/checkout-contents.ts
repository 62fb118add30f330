import { lstat, readFile, realpath } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { UserError } from '../errors.ts'
import type { Contents } from '../forge/forge-parts.ts'
import { codeOf, fileSystemError, writeFileAtomic } from '../lib/atomic-file.ts'
import { runGit } from '../lib/git.ts'
import type { Project } from './project.ts'

/** The files of a checkout as they are in its folder, committed or not. */
export interface CheckoutContents extends Contents {
  write(path: string, text: string): Promise<void>
}

export async function checkoutContents(
  folder: string,
  { environment }: Project,
  signal: AbortSignal,
): Promise<CheckoutContents> {
  const cwd = resolve(folder)
  const { text: root } = await runGit(['rev-parse', '--show-toplevel'], { cwd, environment, signal })
  return {
    read: async (path) => {
      const file = await regularFile(root, path)
      return file === undefined ? undefined : textOf(path, await readFile(file))
    },
    // What git would add, so that nothing is missed that is about to be committed.
    list: async () => {
      const arguments_ = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
      const { text } = await runGit(arguments_, { cwd: root, environment, signal })
      return text.split('\0').filter((path) => path !== '')
    },
    write: async (path, text) => {
      const file = await regularFile(root, path)
      if (file === undefined) throw new Error(`"${path}" was read before it is written`)
      const { mode } = await lstat(file)
      await writeFileAtomic(file, text, { mode: mode & 0o777 })
    },
  }
}

/** The file's own path; undefined when it is none. A link is not followed: what it leads to may be of somebody else. */
async function regularFile(root: string, path: string): Promise<string | undefined> {
  const file = join(root, path)
  try {
    if (!(await lstat(file)).isFile()) return undefined
    const real = await realpath(file)
    return real === join(await realpath(root), path).replace(/\//g, sep) ? file : undefined
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw fileSystemError(error, 'read', file)
  }
}

function textOf(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new UserError('CONTENTS_NOT_TEXT', `The file "${path}" is no UTF-8 text.`, {
      hint: 'Only text files can be edited.',
      cause,
    })
  }
}
