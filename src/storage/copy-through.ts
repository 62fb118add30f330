import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { CopyOptions, CopySource, Storage } from './storage.ts'

/** A copy between storages that do not know each other: through a file of this machine. False when the source is absent. */
export async function copyThrough(
  { storage: from, path: source }: CopySource,
  path: string,
  to: Storage,
  options: CopyOptions,
): Promise<boolean> {
  const { signal } = options
  const stored = await (from ?? to).get(source, { signal })
  if (stored === undefined) return false
  const folder = await mkdtemp(join(tmpdir(), 'hawser-copy-'))
  try {
    const file = join(folder, 'object')
    await pipeline(stored.body(), createWriteStream(file), signal === undefined ? {} : { signal })
    await to.put(path, { file, sizeBytes: stored.sizeBytes }, options)
    return true
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
