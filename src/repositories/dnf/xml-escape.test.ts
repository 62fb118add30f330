import { describe, expect, test } from 'vitest'
import { xmlAttribute, xmlAttributes, xmlElement, xmlText } from './xml-escape.ts'

describe('text', () => {
  test('keeps everything that XML can hold, and escapes markup as libxml2 does', () => {
    expect(xmlText('a<b> & "c" \'d\' ]]> \t\n\r é 日本 😀')).toBe(
      'a&lt;b&gt; &amp; "c" \'d\' ]]&gt; \t\n&#13; é 日本 😀',
    )
  })

  test('leaves out what no XML document can hold', () => {
    expect(xmlText('a\u0000b\u0008c\u000bd\u001fe\ufffef\ud800g')).toBe('abcdefg')
  })
})

describe('attributes', () => {
  test('escape quotes and white space, and everything beyond ASCII', () => {
    expect(xmlAttribute('<"é\t\n\r\u001b😀">&')).toBe(
      '&lt;&quot;&#xE9;&#9;&#10;&#13;&#x1F600;&quot;&gt;&amp;',
    )
  })

  test('without a value are left out', () => {
    expect(xmlAttributes({ a: 1, b: undefined, c: '' })).toBe(' a="1" c=""')
  })
})

test('an empty text is not the same as no content', () => {
  expect(xmlElement('url', '')).toBe('<url></url>')
  expect(xmlElement('size', undefined, { package: 1 })).toBe('<size package="1"/>')
})
