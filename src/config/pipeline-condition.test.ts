import { expect, test } from 'vitest'
import { readCondition } from './pipeline-condition.ts'

const values: { readonly [expression: string]: string } = {
  '${a}': 'real',
  '${b}': 'x == x || true',
  '${c}': 'true',
}
const answer = (text: string) => {
  const result = readCondition(text, (operand) => values[operand] ?? operand)
  return 'condition' in result ? result.condition.holds : result.problem
}

test.each([
  ['${a} == real', true],
  ['${a} == "real"', true],
  ['${a} != real', false],
  ['${c}', true],
  ['${a}', false],
  ['${a} == no || ${a} == real', true],
  ['${a} == no || ${a} == real && ${c} == false', false],
  ['${a} == real && ${c}', true],
])('%s is %s', (text, holds) => {
  expect(answer(text)).toBe(holds)
})

test('a value cannot change what is asked', () => {
  expect(answer('${b} == real')).toBe(false)
})

test.each(['', '== a', 'a ==', 'a == b == c', '!a', 'a > b', 'a &&'])('"%s" is refused', (text) => {
  expect(answer(text)).toBeTypeOf('string')
})

test('a skip says which comparison failed, and what was found', () => {
  const result = readCondition('${a} == fake', (operand) => values[operand] ?? operand)

  expect(result).toEqual({ condition: { holds: false, because: '${a} == fake is not so ("real")' } })
})
