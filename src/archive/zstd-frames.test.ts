import { constants, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decompress } from './decompress.ts'

const frames = [
  zstdCompressSync('first '),
  zstdCompressSync('second ', { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
  zstdCompressSync(Buffer.alloc(300_000, 'a')),
  zstdCompressSync(''),
  zstdCompressSync(Buffer.alloc(70_000, 'bcd'), { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } }),
]
const skippable = Buffer.from('502a4d180300000061626300', 'hex').subarray(0, 11)
const text = `first second ${'a'.repeat(300_000)}${Buffer.alloc(70_000, 'bcd').toString()}`

async function* pieces(bytes: Buffer, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes)
}

async function unpacked(bytes: Buffer, sizeBytes: number): Promise<string> {
  let found = ''
  for await (const chunk of decompress(pieces(bytes, sizeBytes), 'zstd'))
    found += Buffer.from(chunk).toString()
  return found
}

describe('frames that follow each other are one text', () => {
  test.each([1, 7, 1000, 1 << 20])('in pieces of %i bytes', async (sizeBytes) => {
    expect((await unpacked(Buffer.concat(frames), sizeBytes)) === text).toBe(true)
    const withSkippable = Buffer.concat([
      skippable,
      ...frames.slice(0, 2),
      skippable,
      ...frames.slice(2),
      skippable,
    ])
    expect((await unpacked(withSkippable, sizeBytes)) === text).toBe(true)
  })
})

test.each([
  ['cut off in the last frame', Buffer.concat(frames).subarray(0, -5)],
  [
    'cut off in a header',
    Buffer.concat([frames[0] ?? '', Buffer.from('28b52ffd', 'hex')].map((part) => Buffer.from(part))),
  ],
  [
    'followed by something else',
    Buffer.concat([frames[0] ?? Buffer.alloc(0), Buffer.from('something else')]),
  ],
  ['nothing', Buffer.alloc(0)],
])('what is %s is damaged', async (_, bytes) => {
  await expect(unpacked(bytes, 1000)).rejects.toMatchObject({ code: 'ARCHIVE_COMPRESSION' })
})
