import { describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import type { PackageEntry } from '../repositories/repository-format.ts'
import { chosenBy } from './package-choice.ts'

const entry = (name: string, version: string, architecture: string): PackageEntry => ({
  name,
  version,
  architecture,
  path: `${name}_${version}_${architecture}`,
  sizeBytes: 1,
  sha256: `${name}${version}${architecture}`.length.toString(16).padStart(64, 'a'),
})

const listed = [
  entry('hello', '1.0-1', 'amd64'),
  entry('hello', '1.0-1', 'arm64'),
  entry('hello', '1:2.0-1', 'amd64'),
  entry('hello-data', '1.0-1', 'all'),
  entry('libfoo+bar', '1.0~rc1+git=x', 'x86_64'),
]
const accepted = (...choices: string[]) => {
  const choice = chosenBy(choices)
  return listed.filter((one) => choice.accepts(one)).map(({ path }) => path)
}

describe('a choice', () => {
  test.each<readonly [string, readonly string[]]>([
    ['hello', ['hello_1.0-1_amd64', 'hello_1.0-1_arm64', 'hello_1:2.0-1_amd64']],
    ['hello=1.0-1', ['hello_1.0-1_amd64', 'hello_1.0-1_arm64']],
    ['hello=1.0-1:arm64', ['hello_1.0-1_arm64']],
    ['hello=1:2.0-1', ['hello_1:2.0-1_amd64']],
    ['hello=1:2.0-1:amd64', ['hello_1:2.0-1_amd64']],
    ['hello-data=1.0-1:all', ['hello-data_1.0-1_all']],
    ['libfoo+bar=1.0~rc1+git=x:x86_64', ['libfoo+bar_1.0~rc1+git=x_x86_64']],
    ['hello=2.0-1', []],
    ['hello=1.0', []],
    ['hell', []],
    ['HELLO', []],
    ['', []],
    ['=1.0-1', []],
    [`sha256:${listed[3]?.sha256}`, ['hello-data_1.0-1_all']],
    [`sha256:${'0'.repeat(64)}`, []],
  ])('%j accepts what it names and nothing else', (choice, wanted) => {
    expect(accepted(choice)).toEqual(wanted)
  })

  test('of nothing is everything', () => {
    expect(accepted()).toHaveLength(listed.length)
  })

  test('of several is all of them', () => {
    expect(accepted('hello-data', 'hello=1.0-1:arm64')).toEqual(['hello_1.0-1_arm64', 'hello-data_1.0-1_all'])
  })

  test('that accepted something is not refused, also when another one accepted the same', () => {
    const choice = chosenBy(['hello', 'hello=1.0-1'])
    for (const one of listed) choice.accepts(one)

    expect(() => choice.refuseUnused('debian')).not.toThrow()
  })

  test('that accepted nothing is refused by its name', async () => {
    const choice = chosenBy(['hello', 'helo'])
    for (const one of listed) choice.accepts(one)

    let thrown: unknown
    try {
      choice.refuseUnused('debian')
    } catch (error) {
      thrown = error
    }
    await expect(failureText(thrown)).toMatchFileSnapshot('testdata/errors/choice-unused.txt')
  })
})
