import { expect, test } from 'vitest'
import { UserError } from '../errors.ts'
import { editScalars } from './edit-scalars.ts'

const [from, to] = ['aaaa', 'bbbb']
const path = ['sources', 'x', 'sha256']
const edit = (text: string) => editScalars(text, 'hawser.yaml', [{ path, from, to }]).text

test.each([
  ['plain', 'sources:\n  x:\n    sha256: [aaaa] # aaaa\n'],
  ['single quotes', "sources: { x: { 'sha256': '[aaaa]' } } # aaaa\n"],
  ['double quotes, no end of line', 'sources: {x: {sha256: "[aaaa]"}}'],
  ['an anchor and a tag', 'sources:\n  x: { sha256: !!str &aaaa [aaaa] }\n'],
  ['a folded text', 'sources:\n  x:\n    sha256: >-\n      [aaaa]\n\n# the end\n'],
  ['a part of a text', 'sources:\n  x:\n    sha256: name@sha256:[aaaa]\n'],
  ['a place that is read through an alias', 'x-pin: &pin [aaaa]\nsources:\n  x: { sha256: *pin }\n'],
  ['a merged map', 'x-base: &base\n  sha256: [aaaa]\nsources:\n  x: { <<: *base }\n'],
  ['line ends of Windows and a mark', '\uFEFF# aaaa\r\nsources:\r\n  x:\r\n    sha256: [aaaa]\r\n'],
  ['other scripts before it', '# 😀 ünï\nsources:\n  "😀": { sha256: aaaa }\n  x: { sha256: [aaaa] }\n'],
])('in %s only the value changes', (_, marked) => {
  const text = marked.replaceAll('[', '').replaceAll(']', '')

  expect(edit(text)).toBe(marked.replace('[aaaa]', to))
})

test.each([
  ['another value', 'sources: { x: { sha256: cccc } }'],
  ['a reference', 'sources: { x: { sha256: "${inputs.aaaa}" } }'.replace('aaaa', 'pin')],
  ['the text twice', 'sources: { x: { sha256: aaaa-aaaa } }'],
  ['nothing', 'sources: { x: { } }'],
  ['a map', 'sources: { x: { sha256: { aaaa: aaaa } } }'],
])('where there is %s, nothing is changed', (_, text) => {
  expect(() => edit(text)).toThrow(UserError)
})

test('one place that two paths lead to is changed once', () => {
  const text = 'sources: { x: { sha256: &pin aaaa }, y: { sha256: *pin } }'
  const second = { path: ['sources', 'y', 'sha256'], from, to }

  const edited = editScalars(text, 'hawser.yaml', [{ path, from, to }, second])

  expect(edited.text).toBe('sources: { x: { sha256: &pin bbbb }, y: { sha256: *pin } }')
  expect(() =>
    editScalars(text, 'hawser.yaml', [
      { path, from, to },
      { ...second, to: 'cccc' },
    ]),
  ).toThrow(/share one value/)
})
