import { describe, expect, test } from 'vitest'
import { parseAttributes, XmlError, type XmlHandler, XmlScanner } from './xml-scanner.ts'

function scan(document: string, piece: number): string[] {
  const events: string[] = []
  const handler: XmlHandler = {
    wantsText: true,
    open: (name, attributes, depth) => events.push(`${depth} <${name}${attributes}>`),
    text: (text) => events.push(text),
    close: (depth) => events.push(`${depth} /`),
  }
  const scanner = new XmlScanner(handler)
  for (let at = 0; at < document.length; at += piece) scanner.write(document.slice(at, at + piece))
  scanner.end()
  return events
}

const pieces = [1, 3, 1000]

test.each(pieces)('tags, text and asides are told apart, in pieces of %i', (piece) => {
  const document = `\ufeff<?xml version="1.0"?>\n<!-- <a> & --><a x = "1>2" y='"'>t &lt;&#x41;<b/><![CDATA[<&>]]></a >\n`

  expect(scan(document, piece)).toEqual([
    '\ufeff',
    '\n',
    `1 <a x = "1>2" y='"'>`,
    't <A',
    '2 <b>',
    '2 /',
    '<&>',
    '1 /',
    '\n',
  ])
})

describe.each(pieces)('in pieces of %i', (piece) => {
  test.each([
    ['', 'it ends without an element'],
    ['<!-- only -->', 'it ends without an element'],
    ['<a>', '</a> is missing'],
    ['<a><b></a></b>', 'where </b> is expected'],
    ['</a>', 'where no end tag is expected'],
    ['<a/><b/>', 'after the end of the document'],
    ['<a/>text', 'text outside'],
    ['text<a/>', 'text outside'],
    ['<![CDATA[x]]><a/>', 'text outside'],
    ['<a>&b;</a>', 'entity that is not defined'],
    ['<a>&amp</a>', 'entity that is not defined'],
    ['<a>&#0;</a>', 'entity that is not defined'],
    ['<a>&#x1f;</a>', 'entity that is not defined'],
    ['<a b="&c;"/>', 'entity that is not defined'],
    ['<a>\u0000</a>', 'XML forbids'],
    ['<!DOCTYPE a [<!ENTITY b "c">]><a/>', 'document type'],
    ['<a><!ELEMENT b></a>', 'document type'],
    ['<a b=c></a>', 'no whole tag'],
    ['<a b="c></a>', 'no whole tag'],
    ['<a <b/></a>', 'no whole tag'],
    ['<1a/>', 'no whole tag'],
    ['<a><!-- never closed</a>', 'no whole tag or comment'],
  ])('%j is refused: %s', (document, message) => {
    expect(() => scan(document, piece)).toThrow(XmlError)
    expect(() => scan(document, piece)).toThrow(message)
  })
})

test('a tag without an end is given up, not waited for', () => {
  expect(() => scan(`<a ${'b '.repeat(1 << 20)}`, 1 << 18)).toThrow('no whole tag')
})

test('an attribute that is given twice is refused', () => {
  expect(parseAttributes(` a="1" b='&quot;&#65;'`)).toEqual({ a: '1', b: '"A' })
  expect(() => parseAttributes(' a="1" a="2"')).toThrow('"a" is given twice')
})
