import { createHash, randomBytes } from 'node:crypto'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { compress } from './compress.ts'
import { type ByteStream, type CompressionKind, compressions } from './compression.ts'
import { decompress, detectCompression } from './decompress.ts'

const kinds = ['gzip', 'xz', 'zstd', 'none'] as const satisfies readonly CompressionKind[]

describe.each(kinds)('%s', (kind) => {
  test.each(['single', 'independent'] as const)(
    'gives back what was compressed, with %s frames',
    async (frames) => {
      const input = sample(11_000_000)

      const packed = await collect(compress(pieces(input, 700_001), kind, { level: lowLevel(kind), frames }))
      const unpacked = await collect(decompress(pieces(packed, 65_536), kind))

      expect(sha256(unpacked)).toBe(sha256(input))
      expect(detectCompression(packed)).toBe(kind)
    },
  )

  test('an empty input gives a complete, empty file', async () => {
    const packed = await collect(compress(pieces(new Uint8Array(0), 1), kind, options(kind)))

    expect(await collect(decompress(pieces(packed, 10), kind))).toHaveLength(0)
    expect(packed.length > 0).toBe(kind !== 'none')
  })

  test('the size of the input pieces does not change the bytes', async () => {
    const input = sample(3_000_000)

    const first = await collect(compress(pieces(input, 4096), kind, options(kind)))
    const second = await collect(compress(pieces(input, 3_000_000), kind, options(kind)))

    expect(sha256(first)).toBe(sha256(second))
  })

  test('a failing input fails the output', async () => {
    async function* failing(): ByteStream {
      yield sample(2_000_000)
      throw new Error('the disk is on fire')
    }

    await expect(collect(compress(failing(), kind, options(kind)))).rejects.toThrow('the disk is on fire')
  })

  test('a reader may leave early', async () => {
    for await (const piece of compress(pieces(randomBytes(9_000_000), 1 << 20), kind, options(kind))) {
      expect(piece.length).toBeGreaterThan(0)
      break
    }
  })
})

test('a zstd file with frames "single" is one frame', async () => {
  const packed = await collect(
    compress(pieces(sample(40_000_000), 1 << 20), 'zstd', { level: 1, frames: 'single' }),
  )

  expect(countOf(packed, compressions.zstd.magic)).toBe(1)
  expect(zstdDecompressSync(packed)).toHaveLength(40_000_000)
})

test('a gzip file carries neither a time nor an operating system', async () => {
  const packed = await collect(compress(pieces(sample(100), 100), 'gzip', { level: 6, frames: 'single' }))

  expect([...packed.subarray(4, 8), packed[9]]).toEqual([0, 0, 0, 0, 255])
  expect(gunzipSync(packed)).toHaveLength(100)
})

test('a level that the codec does not have is refused', () => {
  expect(() => compress(pieces(sample(1), 1), 'gzip', { level: 12, frames: 'single' })).toThrow(
    'The compression "gzip" has no level 12.',
  )
})

const lowLevel = (kind: CompressionKind): number => (kind === 'none' ? 0 : 1)

const options = (kind: CompressionKind) => ({ level: lowLevel(kind), frames: 'single' as const })

/** Half text, half noise, the same every time. */
function sample(sizeBytes: number): Uint8Array {
  const bytes = Buffer.alloc(sizeBytes)
  let state = 1
  for (let index = 0; index < sizeBytes; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[index] = index % 64 < 48 ? 97 + ((index >> 6) % 26) : state >>> 24
  }
  return bytes
}

async function* pieces(bytes: Uint8Array, sizeBytes: number): ByteStream {
  for (let offset = 0; offset < bytes.length; offset += sizeBytes) {
    yield bytes.subarray(offset, offset + sizeBytes)
  }
}

async function collect(stream: ByteStream): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of stream) all.push(piece)
  return Buffer.concat(all)
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function countOf(bytes: Buffer, magic: readonly number[]): number {
  let count = 0
  for (
    let at = bytes.indexOf(Buffer.from(magic));
    at !== -1;
    at = bytes.indexOf(Buffer.from(magic), at + 1)
  ) {
    count += 1
  }
  return count
}
