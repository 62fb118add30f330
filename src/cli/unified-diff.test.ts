import { expect, test } from 'vitest'
import { unifiedDiff } from './unified-diff.ts'

const lines = (...numbers: readonly number[]): string =>
  Array.from({ length: 30 }, (_, index) => (numbers.includes(index + 1) ? 'new' : `line ${index + 1}`)).join(
    '\n',
  )

test('changes have three lines around them, and neighbours are in one hunk', () => {
  const diff = unifiedDiff('docs/a.md', lines(), lines(2, 3, 8, 30))

  expect(diff.filter((line) => /^(?:@@|---|\+\+\+)/.test(line))).toEqual([
    '--- a/docs/a.md',
    '+++ b/docs/a.md',
    '@@ -1,11 +1,11 @@',
    '@@ -27,4 +27,4 @@',
  ])
  expect(diff.slice(3, 8)).toEqual([' line 1', '-line 2', '-line 3', '+new', '+new'])
  expect(diff.slice(-4)).toEqual([
    '-line 30',
    '\\ No newline at end of file',
    '+new',
    '\\ No newline at end of file',
  ])
})

test('the same text has no difference', () => {
  expect(unifiedDiff('a', 'x\n', 'x\n')).toEqual([])
})
