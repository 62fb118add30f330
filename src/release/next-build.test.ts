import { expect, test } from 'vitest'
import { nextBuild, type UsedBuild } from './next-build.ts'

const [here, elsewhere] = ['a'.repeat(40), 'b'.repeat(40)]
const tag = (build: number, commit: string): UsedBuild => ({ build, commit, where: `the tag ${build}` })
const listed = (build: number): UsedBuild => ({ build, where: 'the repository "debian"' })

test.each([
  ['nothing was released', [], 1, false],
  ['others hold the numbers', [tag(1, elsewhere), listed(1), listed(2)], 3, false],
  ['a gap is not filled', [listed(1), listed(9)], 10, false],
  ['ten comes after nine', [listed(9), listed(10)], 11, false],
  ['this commit holds the highest', [tag(1, elsewhere), tag(2, here), listed(2)], 2, true],
  ['this commit holds a lower one', [tag(1, here), tag(2, elsewhere)], 3, false],
] as const)('when %s', (_, used, build, isOfThisCommit) => {
  expect(nextBuild('1.5.2', used, here)).toMatchObject({ build, isOfThisCommit })
})
