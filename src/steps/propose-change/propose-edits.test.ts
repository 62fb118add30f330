import { expect, test, vi } from 'vitest'
import type { Edit } from '../../downstream/edit.ts'
import { sampleEdits, sampleFiles } from '../../downstream/testdata/sample-edits.ts'
import { failureText } from '../../errors.ts'
import { converge, failureOf, sampleChoice } from '../sample-converge.ts'
import {
  changePull,
  mergePull,
  pushCommit,
  type SampleWorld,
  sampleForge,
  sampleId,
  sampleWorld,
} from '../sample-forge.ts'
import { proposeChange } from './propose-change.ts'

vi.mock(import('../forge-choice.ts'), async () => ({
  openForge: (await import('../sample-converge.ts')).openSampleForge,
}))

const repositoryUrl = 'https://packages.example.org/rpm'
const all = 'ansible/group_vars/all.yaml'

const address = (url: string): Edit => ({
  kind: 'yaml',
  name: 'edits[3]',
  file: all,
  values: { kubernetes_yum_repository_url: url },
})
const staging = [...sampleEdits(), address(`${repositoryUrl}-test`)]
const production = [...sampleEdits(), address(repositoryUrl)]
const first = { edits: staging, laterEdits: [production] }
const last = { edits: production }

function consumerWorld(): SampleWorld {
  const world = sampleWorld()
  world.files.set(sampleId(1), Object.fromEntries(sampleFiles()))
  return world
}

/** Of the packages' own repository: a commit that the consumer's does not have. */
const elsewhere = 'e'.repeat(40)

const propose = (world: SampleWorld, edits: object) =>
  converge(proposeChange, {
    forge: sampleForge(world),
    commit: elsewhere,
    options: { forge: sampleChoice, branch: 'packages-1.5.2-1', title: 'Use the packages 1.5.2-1', ...edits },
  })

const textAt = (world: SampleWorld, commit: string | undefined): string =>
  world.files.get(commit ?? '')?.[all] ?? ''

test('edits become one pull request, which tests can be about', async () => {
  const world = consumerWorld()

  const { change, result } = await propose(world, first)

  expect(change).toMatchObject({
    kind: 'create',
    detail: [all, 'docs/PACKAGES.md', 'integration/prepare.go', 'pkg/inspector/rule/rule_set.go'],
  })
  expect(result).toMatchObject({ pullRequest: 100, headCommit: world.pulls[0]?.headCommit })
  expect(textAt(world, world.pulls[0]?.headCommit)).toContain(`${repositoryUrl}-test`)
  expect(Object.keys(world.files.get(world.pulls[0]?.headCommit ?? '') ?? {})).toHaveLength(5)
})

test('production changes the same pull request, and staging never switches it back', async () => {
  const world = consumerWorld()
  await propose(world, first)

  const { change } = await propose(world, last)
  const again = await propose(world, first)

  expect(change).toMatchObject({
    kind: 'create',
    summary: expect.stringContaining('bring pull request #100'),
  })
  expect(again.change).toMatchObject({ kind: 'keep', summary: 'pull request #100 is there' })
  expect(again.result).toMatchObject({ headCommit: world.pulls[0]?.headCommit })
  expect(world.pulls).toHaveLength(1)
  expect(textAt(world, world.pulls[0]?.headCommit)).not.toContain('-test')
})

test('after the merge both are true: no second pull request, and the commit is the merge, never one of another repository', async () => {
  const world = consumerWorld()
  await propose(world, last)
  const merge = mergePull(world, 100)
  pushCommit(world, 'Later')

  for (const edits of [first, last]) {
    const { change, result } = await propose(world, edits)
    expect(change.kind).toBe('keep')
    expect(result).toMatchObject({ pullRequest: 100, commit: merge, headCommit: merge })
  }
  expect(world.pulls).toHaveLength(1)
})

test('other changes of the same files on the base do not make it outdated', async () => {
  const world = consumerWorld()
  await propose(world, last)
  const later = pushCommit(world, 'Another port')
  const files = Object.fromEntries(sampleFiles())
  world.files.set(later, { ...files, [all]: (files[all] ?? '').replace('6443', '8443') })

  expect((await propose(world, last)).change.kind).toBe('keep')
})

test('what other people committed to the branch stays', async () => {
  const world = consumerWorld()
  await propose(world, first)
  const theirs = sampleId(700)
  const before = world.files.get(world.pulls[0]?.headCommit ?? '') ?? {}
  world.files.set(theirs, { ...before, [all]: `${before[all]}new_option: true\n` })
  world.branches.set('packages-1.5.2-1', theirs)
  changePull(world, 100, { headCommit: theirs })

  await propose(world, last)

  const text = textAt(world, world.pulls[0]?.headCommit)
  expect(text).toContain('new_option: true')
  expect(text).not.toContain('-test')
})

test('an edit that does not match stops it before anything is written', async () => {
  const world = consumerWorld()
  const lost = { ...address(repositoryUrl), values: { kubernetes_rpm_url: repositoryUrl } }

  const error = await failureOf(propose(world, { edits: [lost] }))

  expect(world.writes).toEqual([])
  await expect(`${failureText(error)}\n`).toMatchFileSnapshot('testdata/errors/change-edit-missed.txt')
})

test('a file is edited or written whole, not both', async () => {
  const error = await failureOf(propose(consumerWorld(), { ...last, files: { [all]: 'x\n' } }))

  await expect(`${failureText(error)}\n`).toMatchFileSnapshot('testdata/errors/change-twice.txt')
})
