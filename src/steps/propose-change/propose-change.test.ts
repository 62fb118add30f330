import { describe, expect, test, vi } from 'vitest'
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

const path = 'sec-scanners-config.yaml'
const image = 'registry.example.org/prod/app'
const scanConfig = (version: string): string => `module-name: app
rc-tag: ${version}
# What the image scanner reads.
protecode:
  - ${image}:${version}
`
const bump = {
  branch: 'release-1.2.0',
  title: 'Bump sec-scanners-config.yaml to 1.2.0',
  labels: ['kind/enhancement'],
  scanConfigs: [{ path, rcTag: '1.2.0', images: [{ name: image, newTag: '1.2.0' }] }],
}

function bumpedWorld(version = '1.1.0'): SampleWorld {
  const world = sampleWorld()
  world.files.set(sampleId(1), { [path]: scanConfig(version), 'README.md': 'app\n' })
  return world
}

const propose = (world: SampleWorld, options: object = bump, commit = sampleId(3)) =>
  converge(proposeChange, {
    forge: sampleForge(world),
    commit,
    options: { forge: sampleChoice, ...options },
  })

test('a change becomes one pull request with the new file, and nothing else', async () => {
  const world = bumpedWorld()

  const { change, result } = await propose(world)

  expect(change).toMatchObject({
    kind: 'create',
    summary: 'pull request "Bump sec-scanners-config.yaml to 1.2.0" from release-1.2.0',
    detail: [path],
  })
  expect(result).toMatchObject({ pullRequest: 100, base: 'main', owners: ['@team/owners'] })
  expect(world.pulls).toMatchObject([{ title: bump.title, labels: ['kind/enhancement'], state: 'open' }])
  expect(world.files.get(world.pulls[0]?.headCommit ?? '')).toEqual({
    [path]: scanConfig('1.2.0'),
    'README.md': 'app\n',
  })
})

describe('what is there is found again', () => {
  test('the open pull request', async () => {
    const world = bumpedWorld()
    const { result } = await propose(world)

    const again = await propose(world)

    expect(again.change.kind).toBe('keep')
    expect(again.result).toEqual(result)
    expect(world.writes).toEqual(['open release-1.2.0'])
  })

  test('one that says something else is brought up to date, not doubled', async () => {
    const world = bumpedWorld()
    await propose(world, { ...bump, title: 'Bump to 1.2.0', labels: [] })

    const { change } = await propose(world)

    expect(change).toMatchObject({
      kind: 'create',
      summary: expect.stringContaining('bring pull request #100'),
    })
    expect(world.pulls).toHaveLength(1)
    expect(world.writes).toEqual(['open release-1.2.0', 'update release-1.2.0'])
  })

  test('a branch that has the change needs no pull request', async () => {
    const world = bumpedWorld('1.2.0')

    const { change, result } = await propose(world)

    expect(change.kind).toBe('keep')
    expect(result).toEqual({
      ...{ base: 'main', owners: [] },
      ...{ commit: sampleId(3), headCommit: sampleId(3) },
    })
    expect(world.pulls).toEqual([])
  })

  test('a merged one: the release is of its merge, not of what came later', async () => {
    const world = bumpedWorld()
    await propose(world)
    const merge = mergePull(world, 100)
    pushCommit(world, 'Later')

    expect((await propose(world)).result).toMatchObject({ base: 'main', commit: merge, pullRequest: 100 })
  })
})

test('a change that was reverted is proposed anew', async () => {
  const world = bumpedWorld()
  await propose(world)
  mergePull(world, 100)
  const reverted = pushCommit(world, 'Revert')
  world.files.set(reverted, { [path]: scanConfig('1.1.0') })

  await propose(world, bump, reverted)

  expect(world.pulls.map(({ state }) => state)).toEqual(['merged', 'open'])
})

test('whole files may be written too', async () => {
  const world = bumpedWorld()

  await propose(world, { ...bump, scanConfigs: [], files: { VERSION: '1.2.0\n' } })

  expect(world.files.get(world.pulls[0]?.headCommit ?? '')).toMatchObject({ VERSION: '1.2.0\n' })
})

test('a pull request that another run closed meanwhile is not read back', async () => {
  const world = bumpedWorld()
  const forge = sampleForge(world)
  const { pullRequests } = forge
  if (pullRequests === undefined) throw new Error('The sample forge has pull requests')
  const closing: typeof pullRequests = {
    ...pullRequests,
    propose: async (change) => {
      const pull = await pullRequests.propose(change)
      changePull(world, pull.number, { state: 'closed' })
      return pull
    },
  }

  const { result } = await converge(proposeChange, {
    forge: { ...forge, pullRequests: closing },
    commit: sampleId(3),
    options: { forge: sampleChoice, ...bump },
  })

  expect(result).toMatchObject({ pullRequest: 100 })
})

test.each<[string, object]>([
  ['change-file-absent', { ...bump, scanConfigs: [{ path: 'scan.yaml', images: [] }] }],
  ['change-empty', { ...bump, scanConfigs: [] }],
  [
    'change-other-image',
    { ...bump, scanConfigs: [{ path, images: [{ name: 'ghcr.io/team/other', newTag: '1' }] }] },
  ],
  ['change-base-absent', { ...bump, base: 'mian' }],
])('%s', async (name, options) => {
  const error = await failureOf(propose(bumpedWorld(), options))

  await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})

test('a forge without pull requests says so', async () => {
  const { pullRequests: _, ...forge } = sampleForge(bumpedWorld())

  const error = await failureOf(
    converge(proposeChange, { forge, commit: sampleId(3), options: { forge: sampleChoice, ...bump } }),
  )

  await expect(failureText(error)).toMatchFileSnapshot('testdata/errors/change-no-pull-requests.txt')
})

test('paths stay inside the repository', () => {
  const paths = ['/etc/passwd', '../up', 'a/../../b', 'a/.', '']
  const parsed = paths.map((one) =>
    proposeChange.options.safeParse({ ...bump, forge: sampleChoice, files: { [one]: '' } }),
  )

  expect(parsed.map(({ success }) => success)).toEqual(paths.map(() => false))
})
