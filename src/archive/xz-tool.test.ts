import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { ByteStream } from './compression.ts'
import { LzmaCoder } from './lzma.ts'
import { throughXzTool } from './xz-tool.ts'

test('xz and our own codec make the same bytes, with any number of threads', async () => {
  const input = noise(5_000_000)
  const settings = { level: 1, threads: 3, blockSizeBytes: 2 << 20 }

  const byTool = await sha256(throughXzTool(pieces(input), settings))
  const byOneThread = await sha256(LzmaCoder.encoder(1, 1, 2 << 20).run(pieces(input)))
  const byFourThreads = await sha256(LzmaCoder.encoder(1, 4, 2 << 20).run(pieces(input)))

  expect([byTool, byFourThreads]).toEqual([byOneThread, byOneThread])
})

test('an option that xz does not know fails with its words', async () => {
  const run = sha256(throughXzTool(pieces(noise(1000)), { level: 77, threads: 2, blockSizeBytes: -1 }))

  await expect(run).rejects.toThrow(/^xz ended with status 1: xz: /)
})

test('a failing input fails the output and ends the tool', async () => {
  async function* failing(): ByteStream {
    yield noise(3_000_000)
    throw new Error('the disk is on fire')
  }

  const run = sha256(throughXzTool(failing(), { level: 1, threads: 2, blockSizeBytes: 1 << 20 }))

  await expect(run).rejects.toThrow('the disk is on fire')
})

/** Half compressible, the same every time. */
function noise(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  let state = 7
  for (let index = 0; index < sizeBytes; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[index] = index % 2 === 0 ? 65 : state >>> 26
  }
  return bytes
}

async function* pieces(bytes: Uint8Array): ByteStream {
  for (let offset = 0; offset < bytes.length; offset += 65_536) yield bytes.subarray(offset, offset + 65_536)
}

async function sha256(stream: ByteStream): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of stream) hash.update(piece)
  return hash.digest('hex')
}
