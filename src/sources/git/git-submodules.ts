import { UserError } from '../../errors.ts'
import { type GitOptions, runGit } from '../../lib/git.ts'
import { assertTreePath } from '../tree.ts'
import type { GitEntry } from './git-tree.ts'
import { type GitUrl, resolveSubmodule } from './git-url.ts'

export const gitlink = '160000'

export interface Submodule {
  readonly path: string
  readonly url: GitUrl
  readonly commit: string
}

/** The submodules of a commit with addresses that may be fetched; the commit pins theirs. */
export async function listSubmodules(
  entries: readonly GitEntry[],
  { url, commit }: { readonly url: GitUrl; readonly commit: string },
  git: GitOptions,
): Promise<Submodule[]> {
  const links = entries.filter(({ mode }) => mode === gitlink)
  if (links.length === 0) return []
  const addresses = await submoduleAddresses(commit, git)
  return links.map(({ path, object }) => {
    assertTreePath(path, `The repository ${url.url}`)
    const address = addresses.get(path)
    const resolved = address === undefined ? undefined : resolveSubmodule(address, url)
    if (resolved === undefined) throw badSubmodule(path, url.url)
    return { path, url: resolved, commit: object }
  })
}

/** Path → address, from .gitmodules of the commit. Exit code 1: no such settings; 128: no such file. */
async function submoduleAddresses(commit: string, git: GitOptions): Promise<Map<string, string>> {
  const list = await runGit(
    ['config', '--blob', `${commit}:.gitmodules`, '--null', '--get-regexp', '^submodule\\..*\\.(path|url)$'],
    { ...git, answers: [1, 128] },
  )
  const settings = new Map(
    list.exitCode === 0
      ? list.text.split('\0').map((line) => {
          const end = line.indexOf('\n')
          return [line.slice(0, end), line.slice(end + 1)] as const
        })
      : [],
  )
  return new Map(
    [...settings].flatMap(([key, path]) => {
      const url = settings.get(key.replace(/\.path$/, '.url'))
      return key.endsWith('.path') && url !== undefined ? [[path, url] as const] : []
    }),
  )
}

function badSubmodule(path: string, repository: string): UserError {
  return new UserError(
    'SOURCE_GIT_SUBMODULE',
    `The submodule "${path}" of ${repository} has no address that may be fetched.`,
    {
      hint: 'It needs an https or ssh address in .gitmodules. Leave submodules out with "submodules: false".',
    },
  )
}
