import { expect, test, vi } from 'vitest'
import { failureText } from '../../errors.ts'
import { converge, failureOf, sampleChoice } from '../sample-converge.ts'
import { sampleForge, sampleId, sampleRelease, sampleWorld } from '../sample-forge.ts'
import { checkVersion } from './check-version.ts'

vi.mock(import('../forge-choice.ts'), async () => ({
  openForge: (await import('../sample-converge.ts')).openSampleForge,
}))

function check(version: string, options: object = {}, published: readonly string[] = []) {
  const world = sampleWorld()
  for (const tag of published) world.releases.set(tag, sampleRelease(tag))
  world.releases.set('v9.0.0-rc.1', sampleRelease('v9.0.0-rc.1', { isPrerelease: true }))
  world.releases.set('v9.0.0', sampleRelease('v9.0.0', { state: 'draft' }))
  return converge(checkVersion, {
    forge: sampleForge(world),
    commit: sampleId(3),
    version,
    options: { forge: sampleChoice, ...options },
  })
}

test('a version of the scheme passes', async () => {
  expect((await check('1.2.0')).result).toEqual({ version: '1.2.0' })
  expect((await check('1.2.0-rc.1+build.5')).result).toEqual({ version: '1.2.0-rc.1+build.5' })
})

test('drafts, pre-releases and other tags are no predecessors', async () => {
  const published = ['v1.2.0', 'nightly', 'chart-8.0.0']

  for (const version of ['1.2.1', '1.3.0', '2.0.0', '1.3.0-rc.1']) {
    const { result } = await check(version, { order: 'next', tagPrefix: 'v' }, published)
    expect(result).toEqual({ version })
  }
})

test('a version that is published already is for others to judge', async () => {
  const { result } = await check('1.2.0', { order: 'newer', tagPrefix: 'v' }, ['v1.2.0', 'v1.1.0'])

  expect(result).toEqual({ version: '1.2.0' })
})

test.each([
  ['version-two-numbers', '1.2', {}, []],
  ['version-leading-zero', '1.02.0', {}, []],
  ['version-numbers-only', '1.2.0-rc.1', { scheme: 'numbers' }, []],
  ['version-pattern', '1.2.0', { pattern: '2\\.\\d+\\.\\d+' }, []],
  ['version-pattern-broken', '1.2.0', { pattern: '(' }, []],
  ['version-not-newer', '1.10.0', { order: 'newer' }, ['1.9.0', '1.10.1']],
  ['version-pre-release-too-late', '1.2.0-rc.9', { order: 'newer' }, ['1.2.0']],
  ['version-gap', '1.2.31', { order: 'next' }, ['1.2.29']],
] as const)('%s', async (name, version, options, published) => {
  const error = await failureOf(check(version, options, published))

  await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})
