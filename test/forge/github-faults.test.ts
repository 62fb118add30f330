import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TransientError } from '../../src/errors.ts'
import type { Fault } from '../servers/github/faults.ts'
import { faultAt, type GitHubSubject, openSubject, tagDate } from './github-subject.ts'

const R = '/repos/{owner}/{repo}'

let subject: GitHubSubject
beforeEach(async () => {
  subject = await openSubject()
})
afterEach(() => subject.close())

const draft = () => ({
  tag: '1.2.0',
  name: '1.2.0',
  notes: 'Notes',
  commit: subject.head,
  isPrerelease: false,
})
const tag = () => ({ name: '1.2.0', commit: subject.head, message: 'Release 1.2.0', date: tagDate })
const proposal = (content = 'rc-tag: 1.2.0\n') => ({
  branch: 'bump-1.2.0',
  base: 'main',
  files: { 'sec-scanners-config.yaml': content },
  message: 'Bump to 1.2.0',
  title: 'Bump sec-scanners-config.yaml to 1.2.0',
  body: '',
  labels: ['kind/enhancement'],
})

const troubles: readonly Fault[] = [
  { kind: 'drop' },
  { kind: 'lost answer' },
  { kind: 'bad gateway after success' },
  { kind: 'answer', status: 500 },
  { kind: 'cut answer', bytes: 10 },
  { kind: 'secondary limit', retryAfter: 2 },
  { kind: 'secondary limit', status: 429 },
]
const lags = [0, 3]
const cases = troubles.flatMap((fault) =>
  lags.map((lag) => ({ name: `${JSON.stringify(fault)}, lists ${lag} reads behind`, fault, lag })),
)

describe.each(cases)('what was asked once is there once, after $name', ({ fault, lag }) => {
  beforeEach(() => {
    subject.switches.listLag = lag
  })

  test('a draft', async () => {
    subject.switches.fault = faultAt(`POST ${R}/releases`, fault)

    const made = await subject.forge.createDraft(draft())

    expect(made).toMatchObject({ ...draft(), state: 'draft' })
    expect(subject.world.releases).toHaveLength(1)
  })

  test('a tag', async () => {
    subject.switches.fault = faultAt(`POST ${R}/git/refs`, fault)

    expect(await subject.forge.createTag(tag())).toMatchObject({ name: '1.2.0', commit: subject.head })
    expect(await subject.forge.listTags()).toHaveLength(1)
  })

  test('an asset', async () => {
    await subject.forge.createDraft(draft())
    subject.switches.fault = faultAt(`POST ${R}/releases/{release_id}/assets`, fault)
    const asset = await subject.asset('template.yaml', 'kind: ModuleTemplate\n')

    expect(await subject.forge.uploadAsset('1.2.0', asset)).toMatchObject({ digest: asset.digest })
    expect(subject.world.releases[0]?.assets.map(({ name, state }) => [name, state])).toEqual([
      ['template.yaml', 'uploaded'],
    ])
  })

  test('a published release', async () => {
    await subject.forge.createTag(tag())
    await subject.forge.createDraft(draft())
    subject.switches.fault = faultAt(`PATCH ${R}/releases/{release_id}`, fault)

    expect((await subject.forge.publish('1.2.0')).state).toBe('published')
    expect(subject.world.releases).toHaveLength(1)
  })

  test.each(['POST /pulls', 'POST /git/refs', 'POST /git/commits', 'POST /issues/{issue_number}/labels'])(
    'a pull request, at %s',
    async (place) => {
      subject.switches.fault = faultAt(place.replace(' ', ` ${R}`), fault)

      const pull = await subject.forge.pullRequests?.propose(proposal())

      expect(pull).toMatchObject({ title: proposal().title, state: 'open', labels: ['kind/enhancement'] })
      expect(subject.world.pulls).toHaveLength(1)
    },
  )
})

describe('an upload that broke', () => {
  test('leaves a half asset, which is removed and sent again', async () => {
    await subject.forge.createDraft(draft())
    const asset = await subject.asset('template.yaml', 'x'.repeat(100_000))
    subject.switches.fault = faultAt(`POST ${R}/releases/{release_id}/assets`, {
      kind: 'cut request',
      bytes: 1000,
    })

    const uploaded = await subject.forge.uploadAsset('1.2.0', asset)

    expect(uploaded).toEqual({ name: 'template.yaml', sizeBytes: 100_000, digest: asset.digest })
    expect(subject.world.releases[0]?.assets).toHaveLength(1)
  })

  test('is no asset of the release, and keeps it from being published', async () => {
    await subject.forge.createTag(tag())
    await subject.forge.createDraft(draft())
    const asset = await subject.asset('template.yaml', 'x'.repeat(100_000))
    subject.switches.fault = faultAt(
      `POST ${R}/releases/{release_id}/assets`,
      { kind: 'cut request', bytes: 1000 },
      99,
    )

    await expect(subject.forge.uploadAsset('1.2.0', asset)).rejects.toThrow(TransientError)
    subject.switches.fault = () => undefined
    const other = subject.open()
    expect(subject.world.releases[0]?.assets.map(({ state }) => state)).toEqual(['starter'])

    expect((await other.findRelease('1.2.0'))?.assets).toEqual([])
    await expect(other.publish('1.2.0')).rejects.toThrow(/in part only/)
  })
})

describe('drafts of killed runs', () => {
  test('two drafts of one tag become one', async () => {
    subject.world.addRelease('1.2.0', { isDraft: true, target: subject.head, name: '1.2.0', body: 'Notes' })
    subject.world.addRelease('1.2.0', { isDraft: true, target: subject.head, name: '1.2.0', body: 'Notes' })
    await subject.forge.createTag(tag())
    const [first] = subject.world.releases

    await subject.forge.uploadAsset('1.2.0', await subject.asset('a', 'a'))
    await subject.forge.publish('1.2.0')

    expect(subject.world.releases.map(({ id, isDraft }) => ({ id, isDraft }))).toEqual([
      { id: first?.id, isDraft: false },
    ])
  })
})

describe('many at once, with lists that lag behind', () => {
  beforeEach(() => {
    subject.switches.listLag = 2
  })

  test('make one draft and one tag, and the assets are all in it', async () => {
    const assets = await Promise.all(['a', 'b', 'c'].map((name) => subject.asset(name, name)))
    const processes = [1, 2, 3, 4, 5].map(() => subject.open({}, { GITHUB_TOKEN: subject.token }))

    await Promise.all(
      processes.map(async (forge) => {
        await forge.createTag(tag())
        await forge.createDraft(draft())
        for (const asset of assets) await forge.uploadAsset('1.2.0', asset)
      }),
    )

    expect(await subject.forge.listTags()).toHaveLength(1)
    expect(subject.world.releases).toHaveLength(1)
    expect(subject.world.releases[0]?.assets.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c'])
  })

  test('propose one pull request', async () => {
    const processes = [1, 2, 3, 4, 5].map(() => subject.open({}, { GITHUB_TOKEN: subject.token }))

    const pulls = await Promise.all(processes.map((forge) => forge.pullRequests?.propose(proposal())))

    expect(new Set(pulls.map((pull) => pull?.number)).size).toBe(1)
    expect(subject.world.pulls).toHaveLength(1)
  })
})

describe('limits', () => {
  test('the pause that GitHub asks for is kept, by everybody who asks this host', async () => {
    subject.switches.fault = faultAt(`GET ${R}/releases`, { kind: 'secondary limit', retryAfter: 7 })

    await Promise.all([subject.forge.listReleases(), subject.forge.listReleases()])

    expect(Math.max(...subject.waits)).toBeGreaterThanOrEqual(7000)
  })

  test('a secondary limit that looks like a missing permission is waited for', async () => {
    subject.switches.fault = faultAt(`POST ${R}/releases`, { kind: 'secondary limit', status: 403 })

    expect((await subject.forge.createDraft(draft())).state).toBe('draft')
    expect(Math.max(...subject.waits)).toBeGreaterThanOrEqual(59_000)
  })

  test('an hour is not waited for here: the engine is told when to come back, and nothing more is sent', async () => {
    subject.switches.rateLimit.remaining = 0

    const failure = await subject.forge.listReleases().catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(TransientError)
    expect((failure as TransientError).retryAfterMs).toBeGreaterThan(3_000_000)
    const seen = subject.seen.length
    await expect(subject.forge.listReleases()).rejects.toThrow(/asked to stay away/)
    expect(subject.seen.length).toBe(seen)
  })

  test('what has not changed costs nothing', async () => {
    await subject.forge.createDraft(draft())
    await subject.forge.findRelease('1.2.0')
    const { remaining } = subject.switches.rateLimit

    for (let look = 0; look < 10; look += 1) await subject.forge.findRelease('1.2.0')

    expect(subject.switches.rateLimit.remaining).toBe(remaining)
  })

  test('a server that stays ill is given up after some attempts, also within writes', async () => {
    subject.switches.fault = () => ({ kind: 'answer', status: 502 })

    await expect(subject.forge.createDraft(draft())).rejects.toThrow(TransientError)
    expect(subject.seen.length).toBeLessThan(10)
  })
})

describe('pages', () => {
  test('the 31st item is seen, of releases, tags, pull requests and statuses', async () => {
    subject.switches.pageSizeMax = 5
    for (let number = 1; number <= 31; number += 1) {
      await subject.world.tag(`0.${number}.0`, subject.head)
      subject.world.addRelease(`0.${number}.0`, { target: subject.head })
      subject.world.setStatus({ commit: subject.head, context: `build-${number}`, state: 'success' })
    }

    expect(await subject.forge.listReleases()).toHaveLength(31)
    expect(await subject.forge.findRelease('0.1.0')).toBeDefined()
    expect(await subject.forge.listTags()).toHaveLength(31)
    expect(await subject.forge.statuses?.ofCommit(subject.head)).toHaveLength(31)
  })
})
