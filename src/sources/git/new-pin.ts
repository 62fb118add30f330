import { UserError } from '../../errors.ts'
import { runGit } from '../../lib/git.ts'
import { retryTransient } from '../../lib/retry.ts'
import type { NewPin, SourceContext } from '../source.ts'
import { sourceRetry } from '../source-retry.ts'
import type { GitSourceOptions } from './git.ts'
import { parseGitUrl } from './git-url.ts'

/** The commit that the tag points to now, asked without fetching anything. */
export async function newGitPin(
  { repository, commit, tag }: GitSourceOptions,
  context: SourceContext,
  signal: AbortSignal,
): Promise<NewPin> {
  const url = parseGitUrl(repository, context.root)
  if (url === undefined) throw new Error(`The address "${repository}" was not checked by its schema`)
  if (tag === undefined) throw noTag(repository)
  const ask = () =>
    runGit(['ls-remote', '--quiet', '--end-of-options', url.url, `refs/tags/${tag}`, `refs/tags/${tag}^{}`], {
      cwd: context.root,
      environment: context.environment,
      signal,
      variables: { GIT_ALLOW_PROTOCOL: url.protocol },
    })
  const { text } = await retryTransient(ask, sourceRetry(context, signal))
  const found = new Map(text.split('\n').map((line) => [line.split('\t')[1], line.split('\t')[0]]))
  // An annotated tag is an object of its own; the peeled line is the commit.
  const to = found.get(`refs/tags/${tag}^{}`) ?? found.get(`refs/tags/${tag}`)
  if (to === undefined) throw tagMissing(repository, tag)
  return { option: 'commit', from: commit, to, vouchers: [`tag ${tag} of ${repository}`] }
}

const noTag = (repository: string): UserError =>
  new UserError('SOURCE_GIT_NO_TAG', `Nothing says which commit of ${repository} belongs to the version.`, {
    hint: 'Name the tag too, such as tag: v${components.NAME.version}, or change the commit yourself.',
  })

const tagMissing = (repository: string, tag: string): UserError =>
  new UserError('SOURCE_GIT_MISSING', `The repository ${repository} does not give the tag "${tag}".`, {
    hint: 'Check the version, and how the tags of this repository are written.',
  })
