import { describe, expect, test, vi } from 'vitest'
import { failureText } from '../../errors.ts'
import type { Review } from '../../forge/forge-parts.ts'
import type { Json } from '../../lib/json.ts'
import { converge, failureOf, sampleChoice } from '../sample-converge.ts'
import {
  changePull,
  mergePull,
  pushCommit,
  type SampleWorld,
  sampleForge,
  sampleId,
  samplePull,
  sampleWorld,
} from '../sample-forge.ts'
import { awaitMerge } from './await-merge.ts'

vi.mock(import('../forge-choice.ts'), async () => ({
  openForge: (await import('../sample-converge.ts')).openSampleForge,
}))

const proposal = {
  base: 'main',
  pullRequest: 7,
  url: 'https://forge.example/team/app/pull/7',
  owners: ['@team/owners'],
}

function openWorld(): SampleWorld {
  const world = sampleWorld()
  world.pulls.push(
    samplePull(7, { state: 'open', mergeCommit: undefined, author: 'release-bot', title: 'Bump to 1.2.0' }),
  )
  return world
}

const wait = (
  world: SampleWorld,
  options: object = {},
  results: { readonly [id: string]: Json } = { bump: proposal },
) =>
  converge(awaitMerge, {
    forge: sampleForge(world),
    commit: sampleId(3),
    results,
    options: { forge: sampleChoice, from: 'bump', ...options },
  })

const review = (author: string, state: Review['state'], day: number): Review => ({
  author,
  state,
  commit: sampleId(907),
  submittedAt: new Date(Date.UTC(2026, 0, day)),
})

describe('while it is open', () => {
  test('the release waits for those who own the files', async () => {
    const { change } = await wait(openWorld(), { pollSeconds: 60 })

    expect(change).toEqual({
      kind: 'wait',
      summary: 'https://forge.example/team/app/pull/7 is open',
      whom: '@team/owners',
      againAfterMs: 60_000,
    })
  })

  test('what reviewers said last is told; the author does not count', async () => {
    const world = openWorld()
    world.reviews.set(7, [
      review('bea', 'approved', 3),
      review('bea', 'changes requested', 2),
      review('release-bot', 'approved', 2),
      review('carl', 'changes requested', 4),
      review('carl', 'commented', 5),
    ])

    const { change } = await wait(world)

    expect(change).toMatchObject({
      summary: expect.stringMatching(/ is open, approved by bea, changes requested by carl$/),
    })
  })
})

test('merged: the release is of the merge commit, and not of what came after it', async () => {
  const world = openWorld()
  world.reviews.set(7, [review('bea', 'approved', 3)])
  const commit = mergePull(world, 7)
  pushCommit(world, 'Later')

  expect((await wait(world)).result).toEqual({ commit, pullRequest: 7, approvedBy: ['bea'] })
})

test.each<[string, { readonly [id: string]: Json }, string]>([
  ['there was nothing to change', { bump: { base: 'main', owners: [], commit: sampleId(2) } }, sampleId(2)],
  ['the proposal was skipped', {}, sampleId(3)],
])('nothing to merge: %s', async (_, results, commit) => {
  expect((await wait(openWorld(), {}, results)).result).toEqual({ commit, approvedBy: [] })
})

test('where people own the files, one of them has to approve', async () => {
  const world = openWorld()
  world.reviews.set(7, [review('bea', 'approved', 3)])
  mergePull(world, 7)
  const ownedBy = (...owners: string[]) =>
    wait(world, { requireApproval: true }, { bump: { ...proposal, owners } })

  await expect(ownedBy('@carl')).rejects.toThrow('without an approval of those who own its files')
  expect((await ownedBy('@carl', '@Bea')).change.kind).toBe('keep')
  expect((await ownedBy('@carl', '@team/owners')).change.kind).toBe('keep')
})

test('a merge whose commit is not known yet is unknown, not done', async () => {
  const world = openWorld()
  changePull(world, 7, { state: 'merged' })

  await expect(wait(world)).rejects.toThrow('unknown: https://forge.example/team/app/pull/7 is merged')
})

test.each<[string, (world: SampleWorld) => void, object]>([
  ['pull-request-closed', (world) => changePull(world, 7, { state: 'closed' }), {}],
  ['pull-request-gone', (world) => void world.pulls.pop(), {}],
  ['merge-unapproved', (world) => void mergePull(world, 7), { requireApproval: true }],
])('%s', async (name, arrange, options) => {
  const world = openWorld()
  arrange(world)

  const error = await failureOf(wait(world, options))

  await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})
