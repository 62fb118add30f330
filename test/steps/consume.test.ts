import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Edit } from '../../src/downstream/edit.ts'
import {
  packageNames,
  sampleEdits,
  sampleFiles,
  versionsOf,
} from '../../src/downstream/testdata/sample-edits.ts'
import type { Json } from '../../src/lib/json.ts'
import type { AnyStep } from '../../src/pipeline/step.ts'
import { awaitMerge } from '../../src/steps/await-merge/await-merge.ts'
import { checkDrift } from '../../src/steps/check-drift/check-drift.ts'
import { proposeChange } from '../../src/steps/propose-change/propose-change.ts'
import { converge } from '../../src/steps/sample-converge.ts'
import { type GitHubStandIn, startGitHub } from '../servers/github/github.ts'

const production = 'https://packages.example.org/rpm'
const staging = `${production}-test`
const values = 'ansible/group_vars/all.yaml'
const address = (url: string): Edit => ({
  kind: 'yaml',
  name: 'edits[3]',
  file: values,
  values: { kubernetes_yum_repository_url: url },
})
const everywhere: Edit = {
  kind: 'mentions',
  name: 'edits[4]',
  files: ['*.md'],
  packages: Object.fromEntries(packageNames.slice(0, 1).map((name) => [name, versionsOf('1.5.2', '1')])),
}
const forStaging = [...sampleEdits(), everywhere, address(staging)]
const forProduction = [...sampleEdits(), everywhere, address(production)]
const branch = 'packages-1.5.2-1'
const change = { branch, title: 'Use the packages 1.5.2-1', labels: ['dependencies'] }

let github: GitHubStandIn
beforeEach(async () => {
  github = await startGitHub({
    repository: 'team/toolkit',
    files: { ...Object.fromEntries(sampleFiles()), CODEOWNERS: 'docs/ @writers\n*.go @gophers\n' },
  })
})
afterEach(() => github.close())

function run(step: AnyStep, options: object, results: { readonly [id: string]: Json } = {}) {
  const { baseUrl, repository, token } = github
  return converge(step, {
    // Of the packages' own repository.
    commit: 'e'.repeat(40),
    results,
    environment: { GITHUB_TOKEN: token },
    options: { forge: { provider: 'github', options: { baseUrl, repository } }, ...options },
  })
}

const propose = (edits: readonly Edit[], laterEdits: readonly (readonly Edit[])[] = []) =>
  run(proposeChange, { ...change, edits, laterEdits })

async function textAt(commit: string, path = values): Promise<string> {
  return github.world.git.git(['show', `${commit}:${path}`])
}

const headOf = ({ result }: Awaited<ReturnType<typeof propose>>): string =>
  (result as { headCommit: string }).headCommit

test('staging, then production, then the merge: one pull request, whose head is what is tested', async () => {
  const first = await propose(forStaging, [forProduction])
  const second = await propose(forProduction)
  const stagingAgain = await propose(forStaging, [forProduction])

  expect(await textAt(headOf(first))).toContain(`kubernetes_yum_repository_url: ${staging}\n`)
  expect(await textAt(headOf(second))).toContain(`kubernetes_yum_repository_url: ${production}\n`)
  expect(await textAt(headOf(second), 'README.md')).toContain('| kismatic-etcd | Ubuntu | 1.5.2-1 |')
  expect(second.result).toMatchObject({ owners: expect.arrayContaining(['@writers', '@gophers']) })
  expect(stagingAgain.change.kind).toBe('keep')
  expect(headOf(stagingAgain)).toBe(headOf(second))

  const commit = await github.world.merge(1)
  const consume = (await propose(forProduction)).result as Json
  const merged = await run(awaitMerge, { from: 'consume' }, { consume })

  expect(consume).toMatchObject({ commit, headCommit: commit, pullRequest: 1 })
  expect(merged.result).toMatchObject({ commit, pullRequest: 1 })
  expect(github.world.pulls).toHaveLength(1)
})

test('people add their own changes to the pull request, and the switch to production keeps them', async () => {
  await propose(forStaging, [forProduction])
  const text = await textAt(branch)
  await github.world.commit({
    ...{ message: 'Add an option', branch },
    files: { [values]: `${text.trimEnd()}\nnew_option: true\n`, 'ansible/new.yaml': 'a: 1\n' },
  })

  const { result } = await propose(forProduction)
  const drift = await run(
    checkDrift,
    { from: 'consume', edits: forProduction, foreign: [{ url: staging, of: 'staging' }] },
    { consume: result as Json },
  )

  const head = (result as { headCommit: string }).headCommit
  expect(await textAt(head)).toContain('new_option: true')
  expect(await textAt(head)).not.toContain(staging)
  expect(await textAt(head, 'ansible/new.yaml')).toBe('a: 1')
  expect(drift.change.kind).toBe('keep')
  expect((await propose(forProduction)).change.kind).toBe('keep')
})

test('a base that went on is not undone, and lost answers make no second pull request', async () => {
  await propose(forStaging, [forProduction])
  const text = await textAt('main')
  await github.world.commit({ message: 'Another port', files: { [values]: text.replace('6443', '8443') } })
  let lost = 0
  github.switches.fault = ({ method }) => {
    if (method === 'GET' || lost >= 2) return undefined
    lost += 1
    return { kind: 'lost answer' }
  }

  await Promise.allSettled([propose(forProduction)])
  const { result } = await propose(forProduction)

  const head = (result as { headCommit: string }).headCommit
  expect(await textAt(head)).toContain('service_port: 8443')
  expect(github.world.pulls).toHaveLength(1)
})
