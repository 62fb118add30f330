import { expect, test } from 'vitest'
import { relationText } from '../assumed.ts'
import { relationsOf } from './relations.ts'

const relationsIn = (text: string) =>
  relationsOf({
    entry: { name: 'app', version: '1', architecture: 'amd64', path: 'app.deb', sizeBytes: 1, sha256: '' },
    bytes: Buffer.from(text),
    isNew: false,
  })

test('names, versions, alternatives, and what is replaced', () => {
  const { provides, needs, wants, replaces } = relationsIn(`Package: app
Version: 1
Pre-Depends: dpkg (>= 1.17)
Depends: a(= 1:2-3),b (<< 2) | c,
 python3:any (>> 3), , d (> 1)
Recommends: docs | manual
Replaces: old-app (<< 1)
Provides: mail-agent, virtual (= 2)
Description: Depends: nothing
`)

  expect(provides).toEqual(['app', 'mail-agent', 'virtual'])
  expect(needs.map((any) => any.map(relationText))).toEqual([
    ['dpkg >= 1.17'],
    ['a = 1:2-3'],
    ['b < 2', 'c'],
    ['python3:any > 3'],
    ['d >= 1'],
  ])
  expect(wants).toEqual(['docs', 'manual'])
  expect(replaces).toEqual(['old-app'])
})

test('a package that needs nothing', () => {
  expect(relationsIn('Package: app\nVersion: 1\nDepends:\n')).toEqual({
    ...{ provides: ['app'], needs: [], wants: [], replaces: [] },
  })
})
