import { UserError } from '../../errors.ts'
import { type GitOptions, runGit } from '../../lib/git.ts'
import { retryTransient } from '../../lib/retry.ts'
import type { SourceContext } from '../source.ts'
import { sourceRetry } from '../source-retry.ts'
import type { GitUrl } from './git-url.ts'

export interface WantedCommit {
  readonly url: GitUrl
  readonly commit: string
  readonly tag?: string
}

/** Every call here can be stopped. */
export type SignalledGit = GitOptions & { readonly signal: AbortSignal }

/** A repository of our own, for this one commit: nobody's config, hooks or alternates are in it. */
export async function fetchCommit(
  wanted: WantedCommit,
  git: SignalledGit,
  context: SourceContext,
): Promise<void> {
  const format = wanted.commit.length === 64 ? 'sha256' : 'sha1'
  await runGit(['init', '--bare', '--quiet', '--template=', `--object-format=${format}`, '.'], git)
  const what = wanted.tag === undefined ? wanted.commit : `refs/tags/${wanted.tag}:refs/tags/${wanted.tag}`
  const fetchOnce = () =>
    runGit(
      [
        'fetch',
        '--quiet',
        '--depth=1',
        '--no-tags',
        '--no-recurse-submodules',
        '--end-of-options',
        wanted.url.url,
        what,
      ],
      { ...git, timeoutMs: 15 * 60_000, variables: { GIT_ALLOW_PROTOCOL: wanted.url.protocol } },
    )
  try {
    await retryTransient(fetchOnce, sourceRetry(context, git.signal))
  } catch (error) {
    throw error instanceof UserError && error.code === 'GIT_FAILED' ? notGiven(wanted, error) : error
  }
  if (wanted.tag !== undefined) await assertTag(wanted.tag, wanted.commit, git)
}

async function assertTag(tag: string, commit: string, git: SignalledGit): Promise<void> {
  const found = (await runGit(['rev-parse', '--verify', '--quiet', `refs/tags/${tag}^{commit}`], git)).text
  if (found === commit) return
  throw new UserError(
    'SOURCE_GIT_TAG_MOVED',
    `The tag "${tag}" is not at the pinned commit.\npinned: ${commit}\nfound:  ${found}`,
    { hint: 'Find out who moved the tag, and why, before you change the pin.' },
  )
}

function notGiven({ url, commit, tag }: WantedCommit, cause: UserError): UserError {
  // git has one exit code for every failure; its message is all there is to tell by.
  if (/transport '[^']*' not allowed/.test(cause.message)) return redirected(url, cause)
  const what = tag === undefined ? `the commit ${commit}` : `the tag "${tag}"`
  return new UserError('SOURCE_GIT_MISSING', `The repository ${url.url} does not give ${what}.`, {
    hint: 'Check that it was pushed. Some servers give a commit only by its tag: then write "tag" too.',
    cause,
  })
}

function redirected({ url, protocol }: GitUrl, cause: UserError): UserError {
  return new UserError(
    'SOURCE_GIT_PROTOCOL',
    `git's own settings turn ${url} into an address that is not ${protocol}.`,
    {
      hint: 'See "git config --show-origin --get-regexp insteadof", and remove the setting that does so.',
      cause,
    },
  )
}
