import { expect, test } from 'vitest'
import { wrapDescription } from './description.ts'

const long =
  'It bundles, transforms and minifies JavaScript, TypeScript, JSX and CSS, and it is said to be very fast.'

test('a long line is broken at spaces, and no word is lost', () => {
  const wrapped = wrapDescription(long)

  expect(wrapped.split('\n').every((line) => line.length <= 79)).toBe(true)
  expect(wrapped.replaceAll('\n', ' ')).toBe(long)
})

test('paragraphs, short lines and indented lines stay as they are', () => {
  const text = `One.\nTwo.\n\n  ${long}\n`

  expect(wrapDescription(text)).toBe(text)
})

test('a word that is longer than a line stays whole', () => {
  const address = `https://example.org/${'a'.repeat(90)}`

  expect(wrapDescription(`See ${address} for more.`)).toBe(`See\n${address}\nfor more.`)
})
