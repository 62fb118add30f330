import { expect, test } from 'vitest'
import { contentsLines, openContents, parseContentsLine, withoutOwners } from './contents-index.ts'
import { encoded } from './deb822.ts'
import { collect } from './testdata/foreign-suite.ts'

async function* inPieces(text: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, 'latin1')
  for (let start = 0; start < bytes.length; start += sizeBytes) yield bytes.subarray(start, start + sizeBytes)
}

async function read(text: string, pieceBytes = 1 << 16) {
  const { header, fragments } = await openContents(inPieces(text, pieceBytes), 'Contents-amd64')
  const lines = await collect(fragments)
  return {
    header: Buffer.from(header).toString('latin1'),
    lines: lines.map(({ bytes }) => Buffer.from(bytes).toString('latin1')),
  }
}

test('foreign lines keep their bytes, wherever the stream is cut', async () => {
  const text = 'bin/a\t\t\t  utils/other\nusr/share/with space  doc/x,doc/y\netc/\xe9 z'

  for (const pieceBytes of [1, 3, 1 << 16]) {
    const { header, lines } = await read(text, pieceBytes)
    expect(header).toBe('')
    expect(lines.join('')).toBe(`${text}\n`)
    expect(lines).toHaveLength(3)
  }
})

test('the text before the table of old archives is the header', async () => {
  const preamble = 'This file maps each file\n\nFILE      LOCATION\n'

  expect(await read(`${preamble}bin/a x\n`, 4)).toEqual({ header: preamble, lines: ['bin/a x\n'] })
})

test('blank lines are no entries', async () => {
  expect(await read('\nbin/a x\n \t\nbin/b y\n\n')).toEqual({ header: '', lines: ['bin/a x\n', 'bin/b y\n'] })
})

test('the last white space separates, and owners are separated by commas', () => {
  expect(parseContentsLine(Buffer.from('usr/with space \t doc/x,doc/y\n'))).toEqual({
    path: 'usr/with space',
    owners: ['doc/x', 'doc/y'],
  })
})

test('the lines of a package are its files with its name, in UTF-8', () => {
  const lines = Buffer.from(contentsLines('utils/new', ['bin/b', 'bin/ü']))

  expect(lines.toString('latin1')).toBe(encoded('bin/b utils/new\nbin/ü utils/new\n'))
})

test('an owner that is gone leaves the others, and takes the line with it when there are none', () => {
  const fragment = { bytes: Buffer.from('usr/a b   doc/x,doc/y\n') }
  const without = (...names: string[]) => withoutOwners(fragment, (owner) => names.includes(owner))

  expect(without('doc/z')).toBe(fragment)
  expect(Buffer.from(without('doc/x')?.bytes ?? []).toString()).toBe('usr/a b doc/y\n')
  expect(without('doc/x', 'doc/y')).toBeUndefined()
})
