import { describe, expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import { encoded } from './deb822.ts'
import { packagesFragments } from './packages-index.ts'
import { collect } from './testdata/foreign-suite.ts'

const index = 'main/binary-amd64/Packages'

const stanza = (name: string, version = '1.0'): string =>
  `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nFilename: pool/${name}_${version}.deb\nSize: 3\nSHA256: AA`

async function* inPieces(bytes: Uint8Array, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += sizeBytes) yield bytes.subarray(start, start + sizeBytes)
}

async function read(text: string, pieceBytes = 1 << 16) {
  const bytes = Buffer.from(text, 'latin1')
  return collect(packagesFragments(inPieces(bytes, pieceBytes), index, index))
}

const textOf = (fragments: readonly { readonly bytes: Uint8Array }[]): string =>
  Buffer.concat(fragments.map(({ bytes }) => bytes)).toString('latin1')

describe('the paragraphs of Packages', () => {
  test('keep their bytes, also those that are not UTF-8, wherever the stream is cut', async () => {
    const text = `${stanza('old')}\nX-Latin: \xe9\xff\nDescription: a\n .\n  b\n\n${encoded(stanza('ünew'))}\n\n`

    for (const pieceBytes of [1, 2, 3, 7, 64, 1 << 16]) {
      const fragments = await read(text, pieceBytes)
      expect(textOf(fragments)).toBe(text)
      expect(fragments.map(({ entry }) => entry.name)).toEqual(['old', 'ünew'])
    }
  })

  test('are separated by any blank lines; what comes out has one empty line behind each', async () => {
    const text = `\n \n${stanza('a')}\n\t\n\n\n${stanza('b')}\r\n\r\n${stanza('c')}`

    for (const pieceBytes of [1, 5, 1 << 16]) {
      const fragments = await read(text, pieceBytes)
      expect(textOf(fragments)).toBe(`${stanza('a')}\n\n${stanza('b')}\r\n\n${stanza('c')}\n\n`)
    }
  })

  test('are understood as far as a publish needs', async () => {
    const [fragment] = await read(stanza('a', '1:2~rc1').replace('pool/', './pool/').replace('Size', 'sIZE'))

    expect(fragment?.entry).toEqual({
      name: 'a',
      version: '1:2~rc1',
      architecture: 'amd64',
      path: 'pool/a_1:2~rc1.deb',
      sizeBytes: 3,
      sha256: 'aa',
      listedIn: [index],
    })
  })

  test('another digest than SHA-256 is never taken for one', async () => {
    const [sha512] = await read(stanza('a').replace('SHA256', 'MD5sum: 1\nSHA512'))
    const [md5] = await read(stanza('a').replace('SHA256', 'MD5sum'))

    expect([sha512?.entry.sha256, md5?.entry.sha256]).toEqual(['sha512:aa', 'md5:aa'])
  })

  test.each([
    ['no-filename', 'Package: x\nVersion: 1\nArchitecture: amd64\nSize: 1\n'],
    ['no-size', 'Package: x\nVersion: 1\nArchitecture: amd64\nFilename: pool/x.deb\n'],
    ['no-name', 'Version: 1\nFilename: pool/x.deb\nSize: 1\n'],
    ['no-field', 'Package: x\nthis is no field\n'],
    ['continues-nothing', ' Package: x\n'],
  ])('%s is refused with the number of the paragraph', async (name, text) => {
    const error = await read(`${stanza('a')}\n\n${text}`).catch((failure: unknown) => failure)

    await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/packages-${name}.txt`)
  })

  test('a record without end does not fill the memory', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('Package: x\n')
      for (;;) yield Buffer.alloc(1 << 20, ' x\n')
    }

    const error = await collect(packagesFragments(endless(), index, index)).catch((failure) => failure)
    await expect(failureText(error)).toMatchFileSnapshot('testdata/errors/packages-endless.txt')
  })
})
