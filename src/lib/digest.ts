import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { canonicalJson } from './json.ts'

/** `sha256:` and 64 hex digits, as OCI writes it. */
export type Digest = `sha256:${string}`

export const isDigest = (text: string): text is Digest => /^sha256:[0-9a-f]{64}$/.test(text)

export function digestOf(data: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`
}

export function digestOfJson(value: unknown): Digest {
  return digestOf(canonicalJson(value))
}

export async function digestOfFile(path: string): Promise<{ digest: Digest; sizeBytes: number }> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of bytesOfFile(path)) {
    hash.update(chunk)
    sizeBytes += chunk.length
  }
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes }
}

const atOnceBytesMax = 1 << 20

/** A file's bytes: small ones at once, since a stream's buffers are larger than most files. */
export async function* bytesOfFile(path: string): AsyncGenerator<Uint8Array> {
  const { size } = await stat(path)
  if (size > 0 && size <= atOnceBytesMax) yield await readFile(path)
  else yield* createReadStream(path, { highWaterMark: atOnceBytesMax })
}

export const hexOf = (digest: Digest): string => digest.slice('sha256:'.length)
