import { describe, expect, test } from 'vitest'
import type { ForgeRelease, Tag } from '../../forge/forge.ts'
import type { StepContext } from '../../pipeline/step.ts'
import { releaseState } from './release-state.ts'
import { removeRelease } from './remove-release.ts'

const tag: Tag = { name: '1.2.0', commit: 'a'.repeat(40), annotated: true, signed: false }
const draft: ForgeRelease = {
  tag: '1.2.0',
  name: '1.2.0',
  state: 'draft',
  isPrerelease: false,
  notes: '',
  commit: tag.commit,
  assets: [{ name: 'template.yaml', sizeBytes: 1, digest: undefined }],
  url: 'https://example.org/1.2.0',
}
const published: ForgeRelease = { ...draft, state: 'published' }
const immutable: ForgeRelease = { ...published, isImmutable: true }

function decided(release: ForgeRelease | undefined, found: Tag | undefined, forcePublished: boolean) {
  const options = {
    forge: { provider: 'test', options: {} },
    tag: '1.2.0',
    forcePublished,
    by: 'ann',
    reason: 'bad',
  }
  const state = releaseState(release, found)
  const probe =
    state.state === 'absent'
      ? ({ state: 'absent' } as const)
      : ({ state: 'present', evidence: state } as const)
  return removeRelease.decide(options, probe, {} as StepContext)
}

describe('what is there decides what may be removed', () => {
  test.each([
    ['nothing', undefined, undefined, 'keep', 'keep'],
    ['a tag alone', undefined, tag, 'replace', 'replace'],
    ['a draft without a tag', draft, undefined, 'replace', 'replace'],
    ['a draft and its tag', draft, tag, 'replace', 'replace'],
    ['a published release', published, tag, 'refuse', 'replace'],
    ['an immutable release', immutable, tag, 'refuse', 'refuse'],
    ['an immutable release without a tag', immutable, undefined, 'refuse', 'refuse'],
  ] as const)('%s', (_, release, found, plain, forced) => {
    expect(decided(release, found, false).kind).toBe(plain)
    expect(decided(release, found, true).kind).toBe(forced)
  })

  test('and people are told which', () => {
    expect(decided(draft, tag, false)).toMatchObject({
      summary: 'remove the draft 1.2.0 with 1 assets, and its tag at aaaaaaaaaaaa',
      old: { state: 'draft', tagged: tag.commit, assets: [{ name: 'template.yaml', digest: null }] },
    })
    expect(decided(immutable, tag, true)).toMatchObject({ code: 'RELEASE_IMMUTABLE' })
  })
})
