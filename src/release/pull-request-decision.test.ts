import { describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import type { Forge } from '../forge/forge.ts'
import type { PullRequest, Review } from '../forge/forge-parts.ts'
import { sampleForge, sampleId, samplePull, sampleWorld } from '../steps/sample-forge.ts'
import { decisionOf } from './pull-request-decision.ts'

const head = sampleId(907)
const review = (author: string, state: Review['state'], minute: number, commit = head): Review => ({
  author,
  state,
  commit,
  submittedAt: new Date(Date.UTC(2026, 0, 2, 3, minute)),
})

function forgeWith(
  state: PullRequest['state'],
  reviews: readonly Review[] = [],
  owners: readonly string[] = [],
): Forge {
  const world = sampleWorld()
  world.pulls.push(samplePull(7, { state, ...(state !== 'merged' && { mergeCommit: undefined }) }))
  world.reviews.set(7, reviews)
  const forge = sampleForge(world)
  if (forge.pullRequests === undefined) throw new Error('The sample forge has pull requests')
  return { ...forge, pullRequests: { ...forge.pullRequests, codeOwners: async () => owners } }
}

const approvalOf = (...[state, reviews, owners]: Parameters<typeof forgeWith>) =>
  decisionOf(forgeWith(state, reviews, owners), 7, 'approve')

describe('a gate is approved', () => {
  test('by a merge', async () => {
    expect(await approvalOf('merged')).toEqual({
      by: 'merged pull request #7',
      reason: '#7 Change 7',
      decidedBy: { kind: 'merge', url: 'https://forge.example/team/app/pull/7', commit: sampleId(7) },
    })
  })

  test('by the review of a code owner', async () => {
    const made = await approvalOf('open', [review('Bea', 'approved', 1)], ['@bea', '@team/owners'])

    expect(made).toMatchObject({ by: '@Bea', decidedBy: { kind: 'review', commit: head } })
  })

  test('by anybody but the author where nobody owns the file', async () => {
    expect((await approvalOf('open', [review('cem', 'approved', 1)])).by).toBe('@cem')
  })
})

test('a gate is rejected by a pull request that was closed without a merge, and by an owner who asks for changes', async () => {
  expect(await decisionOf(forgeWith('closed'), 7, 'reject')).toMatchObject({ decidedBy: { kind: 'closing' } })
  const asking = forgeWith('open', [review('bea', 'changes requested', 1)], ['@bea'])
  expect(await decisionOf(asking, 7, 'reject')).toMatchObject({ by: '@bea', decidedBy: { kind: 'review' } })
})

describe('a gate is not approved', () => {
  test.each([
    ['by a pull request that was closed', forgeWith('closed', [review('bea', 'approved', 1)])],
    ['by nobody', forgeWith('open')],
    ['by the author', forgeWith('open', [review('ann', 'approved', 1)])],
    ['by who owns nothing', forgeWith('open', [review('cem', 'approved', 1)], ['@bea'])],
    ['by who was shown another commit', forgeWith('open', [review('bea', 'approved', 1, sampleId(1))])],
    [
      'by who has changed their mind',
      forgeWith('open', [review('bea', 'changes requested', 2), review('bea', 'approved', 1)]),
    ],
  ])('%s', async (_, forge) => {
    await expect(decisionOf(forge, 7, 'approve')).rejects.toMatchObject({ code: 'PULL_REQUEST_UNDECIDED' })
  })

  test.each([
    ['pull-request-undecided', forgeWith('open'), 7],
    ['pull-request-closed', forgeWith('closed'), 7],
    ['pull-request-none', forgeWith('open'), 8],
    ['pull-request-forge', { ...forgeWith('open'), pullRequests: undefined }, 7],
  ])('%s says what to do', async (name, forge, number) => {
    const { pullRequests, ...rest } = forge
    const subject: Forge = pullRequests === undefined ? rest : { ...rest, pullRequests }
    const error = await decisionOf(subject, number, 'approve').catch((thrown: unknown) => thrown)

    await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
  })
})
