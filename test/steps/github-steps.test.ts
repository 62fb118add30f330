import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import type { Json } from '../../src/lib/json.ts'
import type { AnyStep } from '../../src/pipeline/step.ts'
import { awaitMerge } from '../../src/steps/await-merge/await-merge.ts'
import { checkBase } from '../../src/steps/check-base/check-base.ts'
import { checkLabels } from '../../src/steps/check-labels/check-labels.ts'
import { checkTagFree } from '../../src/steps/check-tag-free/check-tag-free.ts'
import { checkVersion } from '../../src/steps/check-version/check-version.ts'
import { createTag } from '../../src/steps/create-tag/create-tag.ts'
import { proposeChange } from '../../src/steps/propose-change/propose-change.ts'
import { converge, failureOf } from '../../src/steps/sample-converge.ts'
import { waitForAssets } from '../../src/steps/wait-for-assets/wait-for-assets.ts'
import { type GitHubStandIn, startGitHub } from '../servers/github/github.ts'

const scanConfig = (version: string): string =>
  `module-name: app\nrc-tag: ${version}\nprotecode:\n  - ghcr.io/team/app:${version}\n`
const files = {
  'sec-scanners-config.yaml': scanConfig('1.1.0'),
  CODEOWNERS: '*.yaml @team/owners @bea\n',
  '.github/release.yml': `changelog:
  categories:
    - { title: New feature, labels: [kind/feature] }
    - { title: Fixed bugs, labels: [kind/bug] }
`,
}
const bump = {
  branch: 'sec-scanners-config-1.2.0',
  title: 'Bump sec-scanners-config.yaml to 1.2.0',
  labels: ['kind/enhancement'],
  scanConfigs: [
    {
      path: 'sec-scanners-config.yaml',
      rcTag: '1.2.0',
      images: [{ name: 'ghcr.io/team/app', newTag: '1.2.0' }],
    },
  ],
}

let github: GitHubStandIn
let planned: string
beforeEach(async () => {
  github = await startGitHub({ repository: 'team/app', files })
  planned = await head()
})
afterEach(() => github.close())

const head = async (): Promise<string> => (await github.world.git.resolve('refs/heads/main')) ?? ''

function run(
  step: AnyStep,
  options: object,
  results: { readonly [id: string]: Json } = {},
  commit = planned,
) {
  const { baseUrl, repository, token } = github
  const forge = { provider: 'github', options: { baseUrl, repository } }
  return converge(step, {
    commit,
    results,
    environment: { GITHUB_TOKEN: token },
    options: { forge, ...options },
  })
}

async function released(tag: string): Promise<void> {
  await github.world.tag(tag, await head())
  github.world.addRelease(tag)
}

describe('a proposed change', () => {
  test('is one pull request, whose merge is what is released', async () => {
    const proposed = await run(proposeChange, bump)
    const number = (proposed.result as { pullRequest: number }).pullRequest
    const results = { bump: proposed.result as Json }

    expect(proposed.result).toMatchObject({ base: 'main', owners: ['@team/owners', '@bea'] })
    expect(github.world.pulls).toMatchObject([
      { title: bump.title, labels: ['kind/enhancement'], state: 'open' },
    ])
    expect((await run(proposeChange, bump)).change.kind).toBe('keep')
    expect((await run(awaitMerge, { from: 'bump' }, results)).change).toMatchObject({
      kind: 'wait',
      whom: '@team/owners, @bea',
    })

    github.world.review(number, { author: 'bea', state: 'APPROVED' })
    const commit = await github.world.merge(number)
    const merged = await run(awaitMerge, { from: 'bump', requireApproval: true }, results)

    expect(merged.result).toEqual({ commit, pullRequest: number, approvedBy: ['bea'] })
    expect(await run(checkBase, { commitFrom: 'merged' }, { merged: merged.result as Json })).toMatchObject({
      result: { base: 'main', commit },
    })
    // A run from the commit before it: the change is there, and so is the commit that is to be released.
    expect((await run(proposeChange, bump)).result).toMatchObject({ base: 'main', pullRequest: 1, commit })
    expect(github.world.pulls).toHaveLength(1)
  })

  test('is one pull request also when answers get lost', async () => {
    let lost = 0
    github.switches.fault = ({ method }) => {
      if (method === 'GET' || lost >= 3) return undefined
      lost += 1
      return lost % 2 === 0 ? { kind: 'lost answer' } : { kind: 'bad gateway after success' }
    }

    // What was lost fails or is overcome; repeated, it is found.
    await Promise.allSettled([run(proposeChange, bump)])
    await run(proposeChange, bump)

    expect(github.world.pulls).toHaveLength(1)
    expect(github.world.pulls[0]).toMatchObject({ labels: ['kind/enhancement'], state: 'open' })
  })

  test('that was closed is not merged', async () => {
    const { result } = await run(proposeChange, bump)
    github.world.closePull((result as { pullRequest: number }).pullRequest)

    const error = await failureOf(run(awaitMerge, { from: 'bump' }, { bump: result as Json }))

    expect(failureText(error)).toContain('was closed without a merge')
  })

  test('does not hide what others merged before it', async () => {
    const { result } = await run(proposeChange, bump)
    const other = await github.world.openPull({ title: 'Late feature', labels: ['kind/feature'] })
    await github.world.merge(other.number)
    await github.world.merge((result as { pullRequest: number }).pullRequest)
    const merged = await run(awaitMerge, { from: 'bump' }, { bump: result as Json })

    const error = await failureOf(run(checkBase, { commitFrom: 'merged' }, { merged: merged.result as Json }))

    expect(failureText(error)).toContain('Late feature')
    expect(failureText(error)).not.toContain('Bump')
  })
})

test('of 40 merged pull requests, exactly those without one category are named', {
  timeout: 120_000,
}, async () => {
  await released('1.1.0')
  github.switches.pageSizeMax = 30
  for (let index = 0; index < 40; index += 1) {
    const labels = index === 34 ? ['kind/feature', 'kind/bug'] : ['kind/bug']
    const { number } = await github.world.openPull({
      title: `Change ${index}`,
      labels: index === 2 ? [] : labels,
    })
    await github.world.merge(number)
  }

  const text = failureText(await failureOf(run(checkLabels, {}, {}, await head())))

  const url = (number: number | undefined): string => `/team/app/pull/${number}`
  expect(text.match(/\/team\/app\/pull\/\d+/g)).toEqual([
    url(github.world.pulls[2]?.number),
    url(github.world.pulls[34]?.number),
  ])
})

test('a commit that somebody pushed by hand is a finding', async () => {
  await released('1.1.0')
  await github.world.commit({ message: 'Quick fix', files: { fix: 'x' } })

  const text = failureText(await failureOf(run(checkLabels, {}, {}, await head())))

  expect(text).toMatch(/^STRAY_COMMITS: [\s\S]*Quick fix: came with no pull request/)
})

test('a tag, a draft and a published release are told apart, and versions follow each other', async () => {
  expect((await run(checkTagFree, { tag: '1.2.0' })).change).toMatchObject({
    summary: 'the tag 1.2.0 is free',
  })
  github.world.addRelease('1.2.0', { isDraft: true, target: planned })
  expect((await run(checkTagFree, { tag: '1.2.0' })).change).toMatchObject({ kind: 'keep' })
  await github.world.commit({ message: 'Later', files: { later: 'x' } })
  await released('1.3.0')

  expect(failureText(await failureOf(run(checkTagFree, { tag: '1.3.0' })))).toMatch(/^RELEASE_EXISTS/)
  expect(failureText(await failureOf(run(checkVersion, { order: 'newer' })))).toContain(
    '1.2.0 is not newer than 1.3.0',
  )
})

test('a tag that a killed run made is gone on with; one that a person made is not', async () => {
  await run(createTag, { tag: '1.2.0', message: 'Release 1.2.0' })
  await github.world.tag('1.2.1', planned)

  expect((await run(checkTagFree, { tag: '1.2.0' })).change).toMatchObject({
    kind: 'keep',
    summary: 'the tag 1.2.0 is of this release, which goes on',
  })
  expect(failureText(await failureOf(run(checkTagFree, { tag: '1.2.1' })))).toMatch(/^TAG_EXISTS/)
})

test('assets are waited for in the draft, and a failed build ends the wait', async () => {
  github.world.addRelease('1.2.0', { isDraft: true, target: planned })
  const wanted = { tag: '1.2.0', assets: ['template.yaml'], producers: ['module-build'] }

  expect((await run(waitForAssets, wanted)).change).toMatchObject({
    kind: 'wait',
    summary: 'missing: template.yaml; module-build: no status yet',
  })
  github.world.setStatus({
    commit: planned,
    context: 'module-build',
    state: 'failure',
    description: 'exit status 2',
  })

  const text = failureText(await failureOf(run(waitForAssets, wanted)))

  expect(text).toContain('"module-build" reports failure')
})
