import { describe, expect, test } from 'vitest'
import { debRelationVersion, debVersion, debVersionFindings, debVersionWithoutEpoch } from './deb/version.ts'
import type { PackageVersion } from './package-spec.ts'
import { rpmRelationVersion, rpmVersion, rpmVersionFindings, rpmVersionText } from './rpm/version.ts'
import { compareDebVersions, compareRpmVersions } from './version-order.ts'

const version = (declared: string, more: Partial<PackageVersion> = {}): PackageVersion => ({
  epoch: 0,
  declared,
  build: '1',
  scheme: 'standard',
  ...more,
})

const rpmText = (of: PackageVersion): string => rpmVersionText(rpmVersion(of))

test.each([
  [version('1.5.1'), '1.5.1-1', '1.5.1-1'],
  [version('1.5.0-rc.1'), '1.5.0~rc.1-1', '1.5.0~rc.1-1'],
  [version('1.5.0-rc.1+build.7'), '1.5.0~rc.1+build.7-1', '1.5.0~rc.1+build.7-1'],
  [version('1.5.0+build.7'), '1.5.0+build.7-1', '1.5.0+build.7-1'],
  [version('1.5.0-rc-1'), '1.5.0~rc-1-1', '1.5.0~rc.1-1'],
  [version('2024-01-05'), '2024-01-05-1', '2024.01.05-1'],
  [version('2024-01-05', { build: '' }), '2024.01.05', '2024.01.05-1'],
  [version('1.5.1', { epoch: 2, build: '3' }), '2:1.5.1-3', '2:1.5.1-3'],
  [version('1.5.1', { scheme: 'ket' }), '1.5.1-1', '1.5.1_1-1'],
  [version('1.5.0-beta.3', { scheme: 'ket' }), '1.5.0~beta.3-1', '1.5.0~beta.3_1-1'],
])('%o becomes %s and %s', (declared, deb, rpm) => {
  expect(debVersion(declared)).toBe(deb)
  expect(rpmText(declared)).toBe(rpm)
})

test.each(['standard', 'ket'])(
  'in the scheme %s betas, candidates, finals and rebuilds sort in that order in both formats',
  (scheme) => {
    const order = [
      version('1.5.0-beta.3', { scheme }),
      version('1.5.0-beta.10', { scheme }),
      version('1.5.0-rc.1', { scheme }),
      version('1.5.0', { scheme }),
      version('1.5.0', { scheme, build: '9' }),
      version('1.5.0', { scheme, build: '10' }),
      version('1.5.1', { scheme }),
      version('1.0.0', { scheme, epoch: 1 }),
    ]

    expect(order.toSorted((a, b) => compareDebVersions(debVersion(a), debVersion(b)))).toEqual(order)
    expect(order.toSorted((a, b) => compareRpmVersions(rpmText(a), rpmText(b)))).toEqual(order)
  },
)

test('file names leave the epoch out', () => {
  expect(debVersionWithoutEpoch(version('1.0', { epoch: 3 }))).toBe('1.0-1')
})

test('a version in a relation is written once', () => {
  expect(debRelationVersion('2.17')).toBe('2.17')
  expect(rpmRelationVersion('1.5.0-rc.1')).toBe('1.5.0~rc.1')
  expect(debRelationVersion('1.5.1-1')).toBe('1.5.1-1')
  expect(debRelationVersion(version('1.5.1', { scheme: 'ket' }))).toBe('1.5.1-1')
  expect(rpmRelationVersion(version('1.5.1', { scheme: 'ket', epoch: 1 }))).toBe('1:1.5.1_1-1')
})

test.each(['1.5.0beta3', '1.5.0.beta.3', '3.12.0rc1', '1.5.0-1-rc1'])(
  '%s is refused because the final version would be no upgrade, and what is proposed instead is one',
  (declared) => {
    const [finding] = debVersionFindings(version(declared))
    const better = /"(.+)", which/.exec(finding?.hint ?? '')?.[1] ?? ''
    const final = version(/newer than (\S+)/.exec(finding?.message ?? '')?.[1] ?? '')

    expect(compareDebVersions(debVersion(version(declared)), debVersion(final))).toBeGreaterThan(0)
    expect(compareRpmVersions(rpmText(version(declared)), rpmText(final))).toBeGreaterThan(0)
    expect(compareDebVersions(debVersion(version(better)), debVersion(final))).toBeLessThan(0)
    expect(compareRpmVersions(rpmText(version(better)), rpmText(final))).toBeLessThan(0)
  },
)

test.each([
  [version('1.5.1.1', { scheme: 'ket' }), version('1.5.1', { scheme: 'ket', build: '1.1' }), 0],
  [version('1.5.1.1', { scheme: 'ket' }), version('1.5.1', { scheme: 'ket', build: '2' }), -1],
  [version('1.5', { scheme: 'ket', build: '2' }), version('1.5.1', { scheme: 'ket' }), 1],
  [version('1.5.0+g7', { scheme: 'ket' }), version('1.5.0', { scheme: 'ket' }), -1],
] as const)('the scheme ket refuses for rpm what rpm sorts otherwise than dpkg', (one, other, order) => {
  expect(compareRpmVersions(rpmText(one), rpmText(other))).toBe(order)
  expect(compareDebVersions(debVersion(one), debVersion(other))).not.toBe(order)
  const found = [...rpmVersionFindings(one), ...rpmVersionFindings(other)]
  expect(found.map(({ code }) => code)).toContain('VERSION_KET')
})

describe('findings', () => {
  const findings = { deb: debVersionFindings, rpm: rpmVersionFindings }
  const codes = (format: 'deb' | 'rpm', of: PackageVersion): string[] =>
    findings[format](of).map(({ code }) => code)

  test.each([
    ['v1.0.0', ['VERSION_PREFIX'], ['VERSION_PREFIX']],
    ['1.0_1', ['VERSION_CHARACTER'], []],
    ['1.0^git', ['VERSION_CHARACTER'], []],
    ['1.0/2', ['VERSION_CHARACTER'], ['VERSION_CHARACTER']],
    ['latest', ['VERSION_START'], ['VERSION_START']],
    ['', ['VERSION_START'], ['VERSION_START']],
    ['1.5.1-1', ['VERSION_AMBIGUOUS'], ['VERSION_AMBIGUOUS']],
    ['1.5.1-rc.1+g1a2b', [], []],
    ['1.5.0beta3', ['VERSION_PRERELEASE'], ['VERSION_PRERELEASE']],
    ['1.5.0.beta.3', ['VERSION_PRERELEASE'], ['VERSION_PRERELEASE']],
    ['1.5.0_beta.3', ['VERSION_CHARACTER'], ['VERSION_PRERELEASE']],
    ['1.5.0-1-rc1', ['VERSION_PRERELEASE'], ['VERSION_PRERELEASE']],
    ['3.12.0a1', ['VERSION_PRERELEASE'], ['VERSION_PRERELEASE']],
    ['1.5.0~beta3', [], []],
    ['1.5.0-beta3', [], []],
    ['1.5.0+dev', [], []],
    ['1.0.2k', [], []],
    ['8u402', [], []],
    ['1.5.0.archive', [], []],
  ])('%s has %j for deb and %j for rpm', (declared, deb, rpm) => {
    expect(codes('deb', version(declared))).toEqual(deb)
    expect(codes('rpm', version(declared))).toEqual(rpm)
  })

  test('a build number, an epoch and a scheme are checked too', () => {
    expect(codes('rpm', version('1.0', { build: '1-2', epoch: -1, scheme: 'calver' }))).toEqual([
      'VERSION_SCHEME',
      'VERSION_EPOCH',
      'BUILD_CHARACTER',
    ])
    expect(codes('deb', version('1.0', { build: '1_2' }))).toEqual(['BUILD_CHARACTER'])
  })
})
