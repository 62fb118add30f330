import { runGit } from '../../lib/git.ts'
import { type FactReader, fieldsOf, type ProjectFolder } from './facts.ts'

/** The checkout: name and home page from the remote, the maintainer from the settings, the form of tags from tags. */
export const fromGit: FactReader = async (project) => {
  const inside = await git(project, 'rev-parse', '--is-inside-work-tree')
  if (inside !== 'true') {
    return {
      notes: ['This is no git repository yet. A release is tied to a commit: run "git init" and commit.'],
    }
  }
  const remote = await git(project, 'config', '--get', 'remote.origin.url')
  const homepage = remote === undefined ? undefined : webAddress(remote)
  const [name, mail] = [
    await git(project, 'config', '--get', 'user.name'),
    await git(project, 'config', '--get', 'user.email'),
  ]
  const tags = (await git(project, 'tag', '--list')) ?? ''
  return {
    ...(homepage === undefined ? {} : { project: homepage.split('/').at(-1) ?? '' }),
    ...(/^v\d+\.\d+/m.test(tags) ? { tag: 'v${version}' } : {}),
    fields: fieldsOf({ homepage, maintainer: name && mail ? `${name} <${mail}>` : undefined }),
  }
}

async function git(
  { root, environment }: ProjectFolder,
  ...args: readonly string[]
): Promise<string | undefined> {
  // 1: there is no such setting; 128: no repository.
  const answer = await runGit(args, { cwd: root, environment, answers: [1, 128] })
  return answer.exitCode === 0 ? answer.text.trim() : undefined
}

/** `git@host:owner/name.git` and `https://user:secret@host/owner/name.git` → `https://host/owner/name`. */
function webAddress(remote: string): string | undefined {
  const [, host, path] =
    /^(?:(?:https?|ssh|git):\/\/)?(?:[^/@]*@)?([A-Za-z0-9.-]+)(?::\d+)?[:/]+(.+?)(?:\.git)?\/?$/.exec(
      remote,
    ) ?? []
  const isLocal = remote.startsWith('/') || remote.startsWith('.') || remote.startsWith('file:')
  return isLocal || host === undefined || !host.includes('.') ? undefined : `https://${host}/${path}`
}
