import type { Commit } from '../../forge/forge.ts'
import type { PullRequest } from '../../forge/forge-parts.ts'
import { short } from '../forge-part.ts'
import type { NoteCategories } from './note-categories.ts'

/** Commits since the last release, each with the merged pull requests that brought it. */
export interface CommitOrigin {
  readonly commit: Commit
  readonly pulls: readonly PullRequest[]
}

export interface LabelFindings {
  readonly labels: readonly string[]
  /** Commits that no pull request, or more than one, brought. */
  readonly origins: readonly string[]
  /** By number. */
  readonly pulls: readonly PullRequest[]
}

/** One line for each thing that is wrong, a pull request once however many commits it has; oldest first. */
export function labelFindings(origins: readonly CommitOrigin[], categories: NoteCategories): LabelFindings {
  const pulls = new Map<number, PullRequest>()
  const strange: string[] = []
  for (const { commit, pulls: own } of origins) {
    for (const pull of own) pulls.set(pull.number, pull)
    if (own.length === 1) continue
    const text = `${short(commit.id)} ${commit.title}`
    const urls = own.map(({ url }) => url).join(' and ')
    strange.push(own.length === 0 ? `${text}: came with no pull request` : `${text}: came with ${urls}`)
  }
  const sorted = [...pulls.values()].sort((a, b) => a.number - b.number)
  const labels = sorted.flatMap((pull) => {
    const finding = findingOf(pull, categories)
    return finding === undefined ? [] : [`${pull.url} ${finding}`]
  })
  return { labels, origins: strange, pulls: sorted }
}

function findingOf(
  { labels, author }: PullRequest,
  { categories, excluded }: NoteCategories,
): string | undefined {
  const matching = categories.filter((category) => category.labels.some((label) => labels.includes(label)))
  if (matching.length === 1) return undefined
  if (matching.length > 1) {
    const found = labels.filter((label) => matching.some((category) => category.labels.includes(label)))
    return `has ${found.join(' and ')}`
  }
  const isExcluded =
    excluded.authors.includes(author) || excluded.labels.some((label) => labels.includes(label))
  if (isExcluded) return undefined
  return labels.length === 0 ? 'has no label' : `has only ${labels.join(' and ')}`
}
