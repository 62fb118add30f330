import type { GenerationRef } from '../generation.ts'
import type { RepositoryTags } from './tags.ts'

// A tag is the one place of repomd.xml for words of our own that no client downloads anything for.
const pattern = /<repo>hawser-generation:(\d{1,15}):([0-9a-f]{64})<\/repo>/g

type Others = readonly { readonly name: string; readonly raw: string }[]

/** The generation that a repomd.xml names; undefined when there is none, or more than one. */
export function generationOf(others: Others): GenerationRef | undefined {
  const [found, second] = tagsOf(others)
  return second === undefined ? found : undefined
}

function tagsOf(others: Others): readonly GenerationRef[] {
  return others
    .filter(({ name }) => name === 'tags')
    .flatMap(({ raw }) => [...raw.matchAll(pattern)])
    .map(([, sequence, sha256 = '']) => ({ sequence: Number(sequence), sha256 }))
}

/** The elements without the generations that they name; `<tags>` that hold nothing else go. */
export function withoutGeneration(others: Others): Others {
  return others
    .map(({ name, raw }) => ({ name, raw: name === 'tags' ? raw.replace(pattern, '') : raw }))
    .map(({ name, raw }) => ({ name, raw: name === 'tags' ? raw.replace(/\n\s*(?=\n)/g, '') : raw }))
    .filter(({ name, raw }) => name !== 'tags' || /<(?!\/?tags)/.test(raw))
}

export const withGenerationTag = (
  tags: RepositoryTags,
  { sequence, sha256 }: GenerationRef,
): RepositoryTags => ({
  ...tags,
  repo: [...tags.repo, `hawser-generation:${sequence}:${sha256}`],
})
