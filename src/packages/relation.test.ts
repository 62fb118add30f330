import { expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { parseRelations, relationText } from './relation.ts'

test.each([
  ['libc6', [[{ name: 'libc6' }]]],
  ['libc6 >= 2.17', [[{ name: 'libc6', operator: '>=', version: '2.17' }]]],
  ['libc6>=2.17|musl', [[{ name: 'libc6', operator: '>=', version: '2.17' }, { name: 'musl' }]]],
  [
    'libc6 (>= 2.17), zlib1g (<< 2)',
    [[{ name: 'libc6', operator: '>=', version: '2.17' }], [{ name: 'zlib1g', operator: '<', version: '2' }]],
  ],
  ['libc6(= 1:2.17-3~x)', [[{ name: 'libc6', operator: '=', version: '1:2.17-3~x' }]]],
  ['perl(Foo::Bar) == 1', [[{ name: 'perl(Foo::Bar)', operator: '=', version: '1' }]]],
  ['libc.so.6(GLIBC_2.34)(64bit)', [[{ name: 'libc.so.6(GLIBC_2.34)(64bit)' }]]],
  ['/bin/sh', [[{ name: '/bin/sh' }]]],
  ['python3:any > 3', [[{ name: 'python3:any', operator: '>', version: '3' }]]],
])('%s', (text, expected) => {
  expect(parseRelations(text)).toEqual(expected)
})

test.each([
  ['libc6 >=', 'relation-no-version'],
  ['libc6 2.17', 'relation-no-operator'],
  ['libc6 (>= 2.17', 'relation-open-bracket'],
  ['libc6 | ', 'relation-empty'],
])('%s is refused', async (text, golden) => {
  const refused = (() => {
    try {
      return parseRelations(text)
    } catch (error) {
      return error
    }
  })()

  await expect(failureText(refused)).toMatchFileSnapshot(`testdata/errors/${golden}.txt`)
})

test('relations are shown as people write them', () => {
  expect(relationText(parseRelations('a (>> 1) | b')[0] ?? [])).toBe('a > 1 | b')
})
