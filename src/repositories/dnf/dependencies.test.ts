import { expect, test } from 'vitest'
import type { RpmDependency } from '../../packages/rpm/dependency.ts'
import { isPrimaryFile, renderDependencies } from './dependencies.ts'

const none = {
  provides: [],
  requires: [],
  conflicts: [],
  obsoletes: [],
  recommends: [],
  suggests: [],
  supplements: [],
  enhances: [],
  orders: [],
}

const dependency = (name: string, flags = 0, version = ''): RpmDependency => ({ name, flags, version })

function entriesOf(lists: Partial<Record<keyof typeof none, RpmDependency[]>>): string[] {
  const text = renderDependencies({ dependencies: { ...none, ...lists }, files: [] })
  return [...text.matchAll(/<rpm:(?:entry )?(.*?)\/?>/g)].map(([, entry = '']) => entry)
}

test('a version is split at its first colon and hyphen', () => {
  const provides = [
    dependency('a', 8, '1:2-3-4'),
    dependency('b', 10, '2'),
    dependency('c', 12, ':2-'),
    dependency('d', 0, '5'),
  ]

  expect(entriesOf({ provides }).slice(1)).toEqual([
    'name="a" flags="EQ" epoch="1" ver="2" rel="3-4"',
    'name="b" flags="LE" epoch="0" ver="2"',
    'name="c" flags="GE" epoch="0" ver="2"',
    'name="d"',
  ])
})

test('a dependency whose epoch is no number is left out, as no client could read it', () => {
  expect(entriesOf({ conflicts: [dependency('bad', 8, 'x:1'), dependency('good', 8, '1')] })).toEqual([
    'conflicts',
    'name="good" flags="EQ" epoch="0" ver="1"',
  ])
})

test('requirements lose rpm features, what the package provides, and repetitions', () => {
  const requires = [
    dependency('rpmlib(FileDigests)', 0x1000008, '4.6.0-1'),
    dependency('own', 8, '1'),
    dependency('twice'),
    dependency('twice'),
    dependency('twice', 1 << 10),
  ]

  expect(entriesOf({ provides: [dependency('own', 8, '1')], requires }).slice(2)).toEqual([
    'requires',
    'name="twice"',
    'name="twice" pre="1"',
  ])
})

test.each([
  [['libc.so.6(GLIBC_2.4)(64bit)', 'libc.so.6(GLIBC_2.34)(64bit)', 'libc.so.6()(64bit)'], 'GLIBC_2.34'],
  [['libc.so.6(GLIBC_2.2.5)(64bit)', 'libc.so.6(GLIBC_2.3)(64bit)', 'libc.so.6'], 'GLIBC_2.3'],
])('of the versions of glibc only the highest is required, at the end: %j', (names, expected) => {
  const requires = [...names.map((name) => dependency(name)), dependency('zlib')]

  expect(entriesOf({ requires })).toEqual(['requires', 'name="zlib"', `name="libc.so.6(${expected})(64bit)"`])
})

test('a requirement that may be missing is a recommendation', () => {
  expect(entriesOf({ requires: [dependency('weak', 1 << 19)] })).toEqual(['recommends', 'name="weak"'])
})

test.each([
  ['/etc/x', true],
  ['/opt/x/sbin/y', true],
  ['/usr/lib/sendmail', true],
  ['/usr/share/cabin/x', true],
  ['/usr/lib/sendmail.conf', false],
  ['/usr/share/etc/x', false],
])('%s is a primary file: %s', (path, expected) => {
  expect(isPrimaryFile(path)).toBe(expected)
})
