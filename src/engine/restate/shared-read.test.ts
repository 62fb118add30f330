import { expect, test } from 'vitest'
import { sharedRead } from './shared-read.ts'

function reads() {
  const answers: PromiseWithResolvers<string>[] = []
  const names: string[] = []
  const read = sharedRead((name: string) => {
    names.push(name)
    const answer = Promise.withResolvers<string>()
    answers.push(answer)
    return answer.promise
  })
  return { read, answers, names }
}

test('those who ask together share one read', async () => {
  const { read, answers, names } = reads()

  const all = Promise.all([read('a'), read('a'), read('a')])
  await Promise.resolve()
  answers[0]?.resolve('first')

  expect(await all).toEqual(['first', 'first', 'first'])
  expect(names).toEqual(['a'])
})

test('whoever asks while a read is under way gets the answer of the next one, also when the first fails', async () => {
  const { read, answers, names } = reads()

  const early = read('a')
  await new Promise(setImmediate)
  const late = [read('a'), read('a')]
  answers[0]?.reject(new Error('gone'))
  await expect(early).rejects.toThrow('gone')
  await new Promise(setImmediate)
  answers[1]?.resolve('second')

  expect(await Promise.all(late)).toEqual(['second', 'second'])
  expect(names).toEqual(['a', 'a'])
})

test('reads of different names do not wait for each other', async () => {
  const { read, answers, names } = reads()

  const both = [read('a'), read('b')]
  await new Promise(setImmediate)

  expect(names).toEqual(['a', 'b'])
  for (const answer of answers) answer.resolve('read')
  expect(await Promise.all(both)).toEqual(['read', 'read'])
})
