import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
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
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk)
    sizeBytes += chunk.length
  }
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes }
}

export const hexOf = (digest: Digest): string => digest.slice('sha256:'.length)
