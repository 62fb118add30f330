import { expect, test, vi } from 'vitest'
import { applyEdits } from '../../downstream/apply-edits.ts'
import type { Edit } from '../../downstream/edit.ts'
import { packageNames, sampleEdits, sampleFiles, versionsOf } from '../../downstream/testdata/sample-edits.ts'
import { failureText } from '../../errors.ts'
import { converge, failureOf, sampleChoice } from '../sample-converge.ts'
import { sampleForge, sampleId, sampleWorld } from '../sample-forge.ts'
import { checkDrift } from './check-drift.ts'

vi.mock(import('../forge-choice.ts'), async () => ({
  openForge: (await import('../sample-converge.ts')).openSampleForge,
}))

const packages = Object.fromEntries(packageNames.map((name) => [name, versionsOf('1.5.2', '1')]))
const all = 'ansible/group_vars/all.yaml'
const address = (url: string): Edit => ({
  kind: 'yaml',
  name: 'edits[3]',
  file: all,
  values: { kubernetes_yum_repository_url: url },
})
const production = 'https://packages.example.org/rpm'
const staging = `${production}-test`

/** What was proposed, with README.md brought to the version by hand. */
function proposed(edits: readonly Edit[], more: { readonly [path: string]: string } = {}) {
  const world = sampleWorld()
  const before = sampleFiles()
  const after = new Map([...before, ...applyEdits(edits, before).files])
  const readme = (after.get('README.md') ?? '')
    .replaceAll('1.5.1-3', '1.5.2-1')
    .replaceAll('1.5.1_3', '1.5.2_1')
  world.files.set(sampleId(3), { ...Object.fromEntries(after), 'README.md': readme, ...more })
  return world
}

const check = (world: ReturnType<typeof sampleWorld>, options: object) =>
  converge(checkDrift, {
    forge: sampleForge(world),
    commit: 'e'.repeat(40),
    results: { consume: { base: 'main', owners: [], headCommit: sampleId(3) } },
    options: { forge: sampleChoice, from: 'consume', packages, watch: ['README.md'], ...options },
  })

test('a change that has everything is let through', async () => {
  const { change, result } = await check(proposed(sampleEdits()), { edits: sampleEdits() })

  expect(change).toMatchObject({ kind: 'keep', summary: 'nothing drifted in 5 files' })
  expect(result).toEqual({ commit: sampleId(3), files: 5 })
})

test('what is left behind stops it, each place by file and line', async () => {
  const world = proposed(sampleEdits(), {
    'README.md': '# T\n\nkismatic-etcd=1.5.1-3\n',
    'docs/new.md': 'kismatic-etcd-1.5.1_1-1',
  })

  const error = await failureOf(check(world, { edits: sampleEdits() }))

  await expect(`${failureText(error)}\n`).toMatchFileSnapshot('testdata/errors/drift.txt')
})

test('an address of staging stops a change for production', async () => {
  const edits = [...sampleEdits(), address(production)]
  const world = proposed(edits, { 'docs/repo.md': `\n\nbaseurl=${staging}\nkismatic-etcd=1.5.2-1\n` })

  const error = await failureOf(
    check(world, { edits, foreign: [{ url: staging, of: '"rpm-staging" (staging)' }] }),
  )

  await expect(`${failureText(error)}\n`).toMatchFileSnapshot('testdata/errors/drift-staging.txt')
})

test('what production has taken over is no drift of staging', async () => {
  const later = [...sampleEdits(), address(production)]

  const { change } = await check(proposed(later), {
    edits: [...sampleEdits(), address(staging)],
    laterEdits: [later],
  })

  expect(change.kind).toBe('keep')
})

test('a change that was skipped has nothing to check', async () => {
  const { change } = await check(proposed(sampleEdits()), { from: 'other', edits: sampleEdits() })

  expect(change).toMatchObject({ kind: 'keep', summary: '"other" proposed nothing' })
})
