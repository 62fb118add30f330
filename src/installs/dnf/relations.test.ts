import { expect, test } from 'vitest'
import { relationText } from '../assumed.ts'
import { relationsOf } from './relations.ts'

const candidate = (format: string) => ({
  entry: { name: 'app', version: '1.0-1', architecture: 'x86_64', path: 'app.rpm', sizeBytes: 1, sha256: '' },
  bytes: Buffer.from(
    `<package type="rpm"><name>app</name><arch>x86_64</arch><version epoch="1" ver="1.0" rel="1"/><format>${format}</format></package>`,
  ),
  isNew: false,
})

const needsOf = (requirement: string) =>
  relationsOf(candidate(`<rpm:requires><rpm:entry name="${requirement}"/></rpm:requires>`)).needs.map((any) =>
    any.map(relationText),
  )

test('names, versions with their epoch, files, and what is replaced', () => {
  const { provides, needs, wants, replaces } = relationsOf(
    candidate(`
      <rpm:provides><rpm:entry name="app(x86-64)" flags="EQ" epoch="1" ver="1.0" rel="1"/></rpm:provides>
      <rpm:requires>
        <rpm:entry name="data" flags="GE" epoch="2" ver="3.0" rel="4"/>
        <rpm:entry name="libc.so.6(GLIBC_2.34)(64bit)"/>
        <rpm:entry name="/bin/sh" pre="1"/>
      </rpm:requires>
      <rpm:recommends><rpm:entry name="docs"/></rpm:recommends>
      <rpm:obsoletes><rpm:entry name="old-app" flags="LT" epoch="0" ver="1.0"/></rpm:obsoletes>
      <file>/usr/bin/app &amp; more</file>`),
  )

  expect(provides).toEqual(['app', 'app(x86-64)', '/usr/bin/app & more'])
  expect(needs.map((any) => any.map(relationText))).toEqual([
    ['data >= 2:3.0-4'],
    ['libc.so.6(GLIBC_2.34)(64bit)'],
    ['/bin/sh'],
  ])
  expect(wants).toEqual(['docs'])
  expect(replaces).toEqual(['old-app'])
})

test.each([
  ['(a or b)', [['a', 'b']]],
  ['(a or (b or c &gt;= 2))', [['a', 'b', 'c >= 2']]],
  ['(a and b)', [['a'], ['b']]],
  ['(a &gt;= 1 with a &lt; 2)', [['a >= 1'], ['a < 2']]],
  ['(lib.so()(64bit) if perl(Foo::Bar) else c)', [['lib.so()(64bit)'], ['perl(Foo::Bar)'], ['c']]],
])('%s', (requirement, expected) => {
  expect(needsOf(requirement)).toEqual(expected)
})
