import { expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { parseDebianChangelog } from './debian-changelog.ts'

const changelog = `hello (1.2.0-1) stable; urgency=low

  * Say hello in Latin,
    and in Greek.
  * Fix the exit code.

 -- Ada <ada@example.org>  Thu, 01 Jan 2026 12:00:00 +0000

hello (1.1.0-1) stable; urgency=low

  * Begin.

 -- Ada <ada@example.org>  Wed, 01 Jan 2025 12:00:00 +0100
`

test('entries come newest first, with wrapped changes joined and dates in seconds', () => {
  expect(parseDebianChangelog(changelog, 'changelog')).toEqual([
    {
      version: '1.2.0-1',
      author: 'Ada <ada@example.org>',
      date: 1767268800,
      changes: ['Say hello in Latin, and in Greek.', 'Fix the exit code.'],
    },
    { version: '1.1.0-1', author: 'Ada <ada@example.org>', date: 1735729200, changes: ['Begin.'] },
  ])
})

test.each([
  ['no-end', 'hello (1.0) stable; urgency=low\n\n  * Begin.\n'],
  ['no-title', ' -- Ada <a@b>  Thu, 01 Jan 2026 12:00:00 +0000\n'],
  ['bad-date', 'hello (1.0) stable; x\n\n -- Ada <a@b>  Yesterday\n'],
  ['free-text', 'What changed\n'],
])('a changelog with %s is refused with file and line', async (name, text) => {
  let refusal: unknown
  try {
    parseDebianChangelog(text, 'debian/changelog')
  } catch (error) {
    refusal = error
  }

  await expect(failureText(refusal)).toMatchFileSnapshot(`testdata/errors/changelog-${name}.txt`)
})
