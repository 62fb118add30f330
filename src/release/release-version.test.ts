import { expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { checkReleaseVersion } from './release-version.ts'

test.each(['1.2.0', '1.2.0-rc.1', '2024.01.05', '1.2.0+build.7', '10'])('%s can be released', (version) => {
  expect(checkReleaseVersion(version)).toBe(version)
})

test.each([
  ['letter', 'v1.2.0'],
  ['empty', ''],
  ['word', 'latest'],
  ['space', '1.2 .0'],
  ['path', '1/../../etc'],
  ['dots', '1..2'],
  ['option', '--force'],
])('a version that is a %s is refused before anything happens', async (name, version) => {
  let refusal: unknown
  try {
    checkReleaseVersion(version)
  } catch (error) {
    refusal = error
  }

  await expect(failureText(refusal)).toMatchFileSnapshot(`testdata/errors/version-${name}.txt`)
})
