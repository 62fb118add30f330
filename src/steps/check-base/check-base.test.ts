import { expect, test, vi } from 'vitest'
import { failureText } from '../../errors.ts'
import type { Json } from '../../lib/json.ts'
import { converge, failureOf, sampleChoice } from '../sample-converge.ts'
import {
  mergePull,
  pushCommit,
  type SampleWorld,
  sampleCommit,
  sampleForge,
  sampleId,
  samplePull,
  sampleRelease,
  sampleWorld,
} from '../sample-forge.ts'
import { checkBase } from './check-base.ts'

vi.mock(import('../forge-choice.ts'), async () => ({
  openForge: (await import('../sample-converge.ts')).openSampleForge,
}))

/** The run is bound to the third commit. */
function check(world: SampleWorld, options: object = {}, results: { readonly [id: string]: Json } = {}) {
  return converge(checkBase, {
    forge: sampleForge(world),
    commit: sampleId(3),
    results,
    options: { forge: sampleChoice, ...options },
  })
}

function openBump(world: SampleWorld): void {
  world.pulls.push(samplePull(7, { state: 'open', mergeCommit: undefined }))
}

test('a branch that has not moved is fine', async () => {
  expect((await check(sampleWorld())).result).toEqual({ base: 'main', commit: sampleId(3) })
})

test('the merge that the release itself proposed is no move', async () => {
  const world = sampleWorld()
  openBump(world)
  const ofBranch = pushCommit(world, 'Bump, as it was on its branch')
  world.origins.set(ofBranch, [7])
  const commit = mergePull(world, 7)

  const { result } = await check(world, { commitFrom: 'merge' }, { merge: { commit, pullRequest: 7 } })

  expect(result).toEqual({ base: 'main', commit })
})

test('what moved may be allowed, and is told', async () => {
  const world = sampleWorld()
  pushCommit(world, 'Late change')

  const { change } = await check(world, { moved: 'allow' })

  expect(change).toMatchObject({
    kind: 'keep',
    summary: expect.stringContaining('warning: main moved: 0004'),
  })
})

test('once the release is published, the branch may move', async () => {
  const world = sampleWorld()
  pushCommit(world, 'The next release begins')
  world.releases.set('1.2.0', sampleRelease('1.2.0'))

  expect((await check(world, { release: '1.2.0' })).change.kind).toBe('keep')
})

function mergedBeforeTheBump(): SampleWorld {
  const world = sampleWorld()
  openBump(world)
  pushCommit(world, 'Merged while the bump was reviewed')
  world.origins.set(sampleId(4), [6])
  world.pulls.push(samplePull(6))
  mergePull(world, 7)
  return world
}

test.each<[string, () => SampleWorld, object, { readonly [id: string]: Json }]>([
  [
    'base-moved',
    () => {
      const world = sampleWorld()
      pushCommit(world, 'Late change')
      return world
    },
    {},
    {},
  ],
  [
    'base-moved-replan',
    () => {
      const world = sampleWorld()
      pushCommit(world, 'Late change')
      return world
    },
    { moved: 'replan' },
    {},
  ],
  [
    'base-moved-before-merge',
    mergedBeforeTheBump,
    { commitFrom: 'merge' },
    { merge: { commit: sampleId(5), pullRequest: 7 } },
  ],
  [
    'base-elsewhere',
    () => {
      const world = sampleWorld()
      world.branches.set('main', sampleId(2))
      return world
    },
    {},
    {},
  ],
  ['base-absent', () => sampleWorld(), { base: 'release-1.2' }, {}],
])('%s', async (name, arrange, options, results) => {
  const error = await failureOf(check(arrange(), options, results))

  await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})

test('a long list of commits is told in part', async () => {
  const world = sampleWorld()
  for (let number = 4; number < 40; number += 1) world.commits.push(sampleCommit(number, `change ${number}`))
  world.branches.set('main', sampleId(39))

  const { change } = await check(world, { moved: 'allow' })

  expect(change).toMatchObject({ summary: expect.stringMatching(/; and 26 more$/) })
})
