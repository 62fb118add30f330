import type { ForgeRelease, Tag } from '../../forge/forge.ts'

/** What there is of a release, from nothing to what nobody can take back. */
export type ReleaseState =
  | { readonly state: 'absent' }
  | { readonly state: 'tag'; readonly tag: Tag }
  | {
      readonly state: 'draft' | 'published' | 'immutable'
      readonly release: ForgeRelease
      readonly tag: Tag | undefined
    }

export function releaseState(release: ForgeRelease | undefined, tag: Tag | undefined): ReleaseState {
  if (release === undefined) return tag === undefined ? { state: 'absent' } : { state: 'tag', tag }
  const state = release.isImmutable === true ? 'immutable' : release.state
  return { state, release, tag }
}

/** In one line for people: "the draft 1.2.0 with 4 assets, and its tag at 0123456789ab". */
export function stateText(name: string, found: ReleaseState): string {
  switch (found.state) {
    case 'absent':
      return `nothing of ${name}`
    case 'tag':
      return `the tag ${name} at ${short(found.tag.commit)}`
    default: {
      const { release, tag } = found
      const what = release.state === 'draft' ? 'draft' : 'published release'
      const tagged = tag === undefined ? '' : `, and its tag at ${short(tag.commit)}`
      return `the ${what} ${name} with ${release.assets.length} assets${tagged}`
    }
  }
}

const short = (commit: string): string => commit.slice(0, 12)
