import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { encodeArHeader, readAr } from './ar.ts'
import { compress } from './compress.ts'
import type { ByteStream, CompressionKind } from './compression.ts'
import { type DecompressLimits, decompress } from './decompress.ts'

const text = Buffer.from('hello world, '.repeat(10_000))

test('damaged and truncated data is refused by every codec, naming how far it was read', async () => {
  const texts: string[] = []
  for (const kind of ['gzip', 'xz', 'zstd'] as const) {
    const packed = await collect(compress(one(text), kind, { level: 1, frames: 'single' }))
    const damaged = Buffer.from(packed)
    const middle = packed.length >> 1
    damaged.fill(0xaa, middle, middle + 8)
    texts.push(await failure(unpack(packed.subarray(0, packed.length - 9), kind)))
    texts.push(await failure(unpack(damaged, kind)))
    texts.push(await failure(unpack(Buffer.from('this is not compressed at all'), kind)))
  }

  expect(
    texts.filter((message) => !/^ARCHIVE_COMPRESSION: The (gzip|xz|zstd) data is damaged/.test(message)),
  ).toEqual([])
  await expect(texts.join('\n')).toMatchFileSnapshot('testdata/errors/codec-damaged.txt')
})

test('a bomb is refused by its ratio and by its size', async () => {
  const zeros = Buffer.alloc(40 << 20)
  const bombs: [CompressionKind, Buffer][] = [
    ['gzip', gzipSync(zeros)],
    ['zstd', zstdCompressSync(zeros)],
    ['xz', await collect(compress(one(zeros), 'xz', { level: 1, frames: 'single' }))],
  ]
  const texts: string[] = []
  for (const [kind, bomb] of bombs) {
    texts.push(await failure(unpack(bomb, kind, { ratioMax: 100 })))
    texts.push(await failure(unpack(bomb, kind, { sizeBytesMax: 1_000_000 })))
  }

  await expect(texts.join('\n')).toMatchFileSnapshot('testdata/errors/codec-bomb.txt')
})

test.each([
  ['ar-magic', Buffer.from('PK\x03\x04 this is a zip')],
  ['ar-header-truncated', Buffer.from('!<arch>\ndebian-binary   ')],
  ['ar-header-mark', Buffer.concat([Buffer.from('!<arch>\n'), Buffer.alloc(60, 0x20)])],
  ['ar-size', Buffer.from(`!<arch>\n${arHeader(4).replace('4   ', '-4  ')}`)],
  ['ar-body-truncated', Buffer.from(`!<arch>\n${arHeader(9_999_999_999)}2.0\n`)],
])('%s is refused', async (name, archive) => {
  const run = (async () => {
    for await (const member of readAr(one(archive))) await collect(member.body())
  })()

  await expect(await failure(run)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})

test('a part too large for an ar archive is refused', async () => {
  const run = (async () => arHeader(10_000_000_000))()

  await expect(await failure(run)).toMatchFileSnapshot('testdata/errors/ar-too-large.txt')
})

function arHeader(sizeBytes: number): string {
  return encodeArHeader({ name: 'debian-binary', sizeBytes, mtime: 0 }).toString('latin1')
}

const unpack = (packed: Uint8Array, kind: CompressionKind, limits?: DecompressLimits) =>
  collect(decompress(one(packed), kind, limits))

async function* one(bytes: Uint8Array): ByteStream {
  yield bytes
}

async function collect(stream: ByteStream): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function failure(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing was refused',
    // How many bytes it took depends on the codec's version.
    (error: unknown) =>
      failureText(error)
        .replace(/after \d+ bytes/, 'after N bytes')
        .replace(/up to offset \d+/, 'up to offset N'),
  )
}
