import { UserError } from '../../errors.ts'
import { resolveCommit } from '../../lib/checkout.ts'
import type { Contents } from '../forge-parts.ts'
import type { GitAccess } from './git-access.ts'

/** Files as git has them; nothing of the work tree. */
export function localContents(git: GitAccess): Contents {
  return {
    read: async (path, commit) => {
      const entry = (await entriesAt(commit, git, path))?.find((one) => one.path === path)
      if (entry?.isFile !== true) return undefined
      const { stdout } = await git.run(['cat-file', 'blob', entry.id])
      return text(path, stdout)
    },
    list: async (commit) =>
      (await entriesAt(commit, git))?.flatMap(({ path, isFile }) => (isFile ? [path] : [])),
  }
}

interface Entry {
  readonly path: string
  readonly id: string
  /** A regular file, executable or not; links and submodules are none. */
  readonly isFile: boolean
}

async function entriesAt(
  commit: string,
  git: GitAccess,
  path?: string,
): Promise<readonly Entry[] | undefined> {
  const id = await resolveCommit(commit, git.options)
  if (id === undefined) return undefined
  const only = path === undefined ? ['-r'] : ['--', `:(literal)${path}`]
  const { text: listed } = await git.run(['ls-tree', '-z', '--full-tree', id, ...only])
  return listed.split('\0').flatMap((line) => {
    const [, mode, blob, name] = /^(\d+) \w+ ([0-9a-f]+)\t(.*)$/s.exec(line) ?? []
    if (mode === undefined || blob === undefined || name === undefined) return []
    return [{ path: name, id: blob, isFile: /^100(?:644|755)$/.test(mode) }]
  })
}

function text(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new UserError('CONTENTS_NOT_TEXT', `The file "${path}" is no UTF-8 text.`, {
      hint: 'Only text files can be read and proposed.',
      cause,
    })
  }
}
