import { expect, test, vi } from 'vitest'
import { failureText } from '../../errors.ts'
import { converge, failureOf, sampleChoice } from '../sample-converge.ts'
import {
  pushCommit,
  type SampleWorld,
  sampleForge,
  sampleId,
  samplePull,
  sampleRelease,
  sampleWorld,
} from '../sample-forge.ts'
import { checkLabels } from './check-labels.ts'

vi.mock(import('../forge-choice.ts'), async () => ({
  openForge: (await import('../sample-converge.ts')).openSampleForge,
}))

const categories = `changelog:
  exclude:
    labels: [area/dependency]
    authors: [robot]
  categories:
    - title: New feature
      labels:
        - kind/feature # something new
    - title: Enhancement
      labels: [kind/enhancement, improvement]
    - title: Fixed bugs
      labels: [kind/bug]
    - title: Other
      labels: ['*']
`

/** Release 1.1.0 is of the first commit; each list of labels is one merged pull request after it. */
function worldWith(labels: readonly (readonly string[])[], text = categories): SampleWorld {
  const world = sampleWorld(['first'])
  world.files.set(sampleId(1), { '.github/release.yml': text })
  world.tags.set('1.1.0', { name: '1.1.0', commit: sampleId(1), annotated: true, signed: false })
  world.releases.set('1.1.0', sampleRelease('1.1.0', { publishedAt: new Date('2026-01-02') }))
  for (const own of labels) {
    const commit = pushCommit(world, `commit ${world.commits.length + 1}`)
    const number = world.commits.length
    world.pulls.push(samplePull(number, { labels: own, mergeCommit: commit }))
    world.origins.set(commit, [number])
  }
  return world
}

const check = (world: SampleWorld, options: object = {}, version = '1.2.0') =>
  converge(checkLabels, {
    forge: sampleForge(world),
    commit: world.branches.get('main') ?? '',
    version,
    options: { forge: sampleChoice, ...options },
  })

test('pull requests with one category each pass, whatever else they are labelled', async () => {
  const world = worldWith([['kind/feature', 'size/XL'], ['kind/bug'], ['kind/enhancement', 'improvement']])

  expect((await check(world)).result).toEqual({ since: '1.1.0', pullRequests: 3 })
})

test('what the notes leave out on purpose needs no category', async () => {
  const world = worldWith([['area/dependency'], []])
  world.pulls[1] = samplePull(3, { labels: [], author: 'robot' })

  expect((await check(world)).result).toMatchObject({ pullRequests: 2 })
})

test('drafts, pre-releases and older releases are not the last release', async () => {
  const world = worldWith([[], ['kind/bug']])
  world.releases.set(
    '1.1.1',
    sampleRelease('1.1.1', { commit: sampleId(2), publishedAt: new Date('2026-03-01') }),
  )
  world.tags.set('1.1.1', { name: '1.1.1', commit: sampleId(2), annotated: true, signed: false })
  const later = { commit: sampleId(3), publishedAt: new Date('2026-04-01') }
  world.releases.set('1.2.0', sampleRelease('1.2.0', { ...later, state: 'draft' }))
  world.releases.set('2.0.0-rc.1', sampleRelease('2.0.0-rc.1', { ...later, isPrerelease: true }))

  expect((await check(world)).result).toEqual({ since: '1.1.1', pullRequests: 1 })
})

test('a later release of another line is not the last one of this line', async () => {
  const world = worldWith([['kind/bug']])
  const hotfix = { commit: sampleId(77), publishedAt: new Date('2026-05-01') }
  world.releases.set('0.9.9', sampleRelease('0.9.9', hotfix))
  world.tags.set('0.9.9', { name: '0.9.9', commit: sampleId(77), annotated: true, signed: false })

  expect((await check(world)).result).toEqual({ since: '1.1.0', pullRequests: 1 })
})

test('a pull request of several commits is one', async () => {
  const world = worldWith([['kind/bug']])
  world.origins.set(pushCommit(world, 'its second commit'), [2])

  expect((await check(world)).result).toMatchObject({ pullRequests: 1 })
})

test('stray commits may be a warning', async () => {
  const world = worldWith([['kind/bug']])
  pushCommit(world, 'pushed by hand')

  const { change } = await check(world, { strayCommits: 'warn' })

  expect(change).toMatchObject({
    kind: 'keep',
    summary:
      '1 pull requests since 1.1.0 are labelled; warning: 1 commits without a pull request of their own',
  })
})

test('the 31st pull request is looked at like the first', async () => {
  const world = worldWith([...Array.from({ length: 40 }, () => ['kind/bug']), []])

  const text = failureText(await failureOf(check(world)))

  expect(text).toContain('https://forge.example/team/app/pull/42 has no label')
})

test('exactly the pull requests without one category are listed', async () => {
  const world = worldWith([['kind/feature'], ['kind/bug'], [], ['kind/feature', 'kind/bug']])

  const error = await failureOf(check(world))

  await expect(failureText(error)).toMatchFileSnapshot('testdata/errors/labels.txt')
})

test.each<[string, SampleWorld, object]>([
  ['label-unknown', worldWith([['kind/bugs']]), {}],
  ['categories-absent', worldWith([], undefined), { configuration: '.github/notes.yml' }],
  ['categories-not-yaml', worldWith([], 'changelog: [\n'), {}],
  ['categories-empty', worldWith([], 'changelog:\n  categories: []\n'), {}],
  ['categories-other-file', worldWith([], 'name: release\non: push\n'), {}],
  ['since-absent', worldWith([]), { since: '0.9.0' }],
])('%s', async (name, world, options) => {
  const error = await failureOf(check(world, options))

  await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})

test('features need more than a patch version', async () => {
  const world = worldWith([['kind/bug'], ['kind/feature']])
  const options = { minorFor: ['kind/feature'] }

  const error = await failureOf(check(world, options, '1.1.1'))

  await expect(failureText(error)).toMatchFileSnapshot('testdata/errors/bump-too-small.txt')
  expect((await check(world, options, '1.2.0')).change.kind).toBe('keep')
  expect((await check(world, {}, '1.1.1')).change.kind).toBe('keep')
})

test('a commit without a pull request, and one with two, are findings', async () => {
  const world = worldWith([['kind/bug']])
  pushCommit(world, 'pushed by hand')
  world.pulls.push(
    samplePull(50),
    samplePull(51, { state: 'closed', mergeCommit: undefined }),
    samplePull(52),
  )
  world.origins.set(pushCommit(world, 'merged twice'), [50, 51, 52])

  const error = await failureOf(check(world))

  await expect(failureText(error)).toMatchFileSnapshot('testdata/errors/stray-commits.txt')
})
