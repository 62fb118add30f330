import { parse } from 'yaml'
import { commitNamed } from './git-routes.ts'
import type { PullState, World } from './world.ts'

interface NotesRequest {
  readonly tag: string
  /** What the tag will point to, when it is not there. */
  readonly target: string
  readonly previousTag: string | undefined
}

interface Exclusion {
  readonly labels?: readonly string[]
  readonly authors?: readonly string[]
}

interface Category {
  readonly title: string
  readonly labels: readonly string[]
  readonly exclude?: Exclusion
}

interface Configuration {
  readonly changelog?: { readonly exclude?: Exclusion; readonly categories?: readonly Category[] }
}

/** As GitHub writes them: merged pull requests since the last release, grouped by `.github/release.yml` of the target. */
export async function generateNotes(
  world: World,
  { tag, target, previousTag }: NotesRequest,
): Promise<{ readonly name: string; readonly body: string }> {
  const to = (await commitNamed(world, `refs/tags/${tag}`)) ?? (await commitNamed(world, target))
  if (to === undefined) throw new Error(`Nothing is named ${target}`)
  const previous = previousTag ?? previousRelease(world, tag)
  const range = previous === undefined ? to : `refs/tags/${previous}..${to}`
  const commits = new Set((await world.git.log([range])).map(({ id }) => id))
  const pulls = world.pulls.filter(({ mergeCommit }) => mergeCommit !== null && commits.has(mergeCommit))
  const { path, configuration } = await configurationAt(world, to)
  const heading =
    path === undefined
      ? ''
      : `<!-- Release notes generated using configuration in ${path} at ${target} -->\n\n`
  const changes = changesOf(world, configuration, pulls)
  const compared = previous === undefined ? `commits/${tag}` : `compare/${previous}...${tag}`
  return { name: tag, body: `${heading}${changes}**Full Changelog**: ${world.html}/${compared}` }
}

function previousRelease(world: World, tag: string): string | undefined {
  return world.releases.filter((release) => !release.isDraft && release.tag !== tag).at(-1)?.tag
}

async function configurationAt(world: World, commit: string) {
  for (const path of ['.github/release.yml', '.github/release.yaml']) {
    const content = await world.git.readFile(commit, path)
    if (content !== undefined)
      return { path, configuration: (parse(content.toString()) ?? {}) as Configuration }
  }
  return { path: undefined, configuration: {} as Configuration }
}

function changesOf(world: World, { changelog = {} }: Configuration, pulls: readonly PullState[]): string {
  const shown = pulls.filter((pull) => !isExcluded(pull, changelog.exclude))
  if (shown.length === 0) return ''
  const lines = (some: readonly PullState[]): string =>
    some.map((pull) => `* ${pull.title} by @${pull.author} in ${world.html}/pull/${pull.number}\n`).join('')
  if (changelog.categories === undefined) return `## What's Changed\n${lines(shown)}\n`
  const rest = new Set(shown)
  const groups = []
  for (const category of changelog.categories) {
    const members = [...rest].filter((pull) => belongs(pull, category))
    for (const pull of members) rest.delete(pull)
    if (members.length > 0) groups.push(`### ${category.title}\n${lines(members)}`)
  }
  if (rest.size > 0) groups.push(`### Other Changes\n${lines([...rest])}`)
  return `## What's Changed\n${groups.join('')}\n`
}

function isExcluded({ labels, author }: PullState, exclude: Exclusion = {}): boolean {
  return labels.some((label) => exclude.labels?.includes(label)) || exclude.authors?.includes(author) === true
}

/** A pull request is in the first category that fits. */
function belongs(pull: PullState, { labels, exclude }: Category): boolean {
  if (isExcluded(pull, exclude)) return false
  return labels.includes('*') || pull.labels.some((label) => labels.includes(label))
}
