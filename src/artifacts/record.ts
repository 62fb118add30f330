import { readFile } from 'node:fs/promises'
import { codeOf, fileSystemError, writeFileAtomic } from '../lib/atomic-file.ts'
import { digestOfJson } from '../lib/digest.ts'
import { canonicalJson, type Json } from '../lib/json.ts'

/** A record carries the digest of its own value, so that damage is seen and never believed. */
export async function writeRecord(path: string, value: Json, draft: string): Promise<void> {
  await writeFileAtomic(path, `${canonicalJson({ digest: digestOfJson(value), value })}\n`, { draft })
}

/** Undefined when absent or damaged: the build cache is only ever an advantage. */
export async function readRecord(path: string): Promise<Json | undefined> {
  const text = await readText(path)
  if (text === undefined) return undefined
  const written = parse(text)
  if (!isSealed(written)) return undefined
  return digestOfJson(written.value) === written.digest ? written.value : undefined
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw fileSystemError(error, 'read', path)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Cut off or overwritten: no record.
    return undefined
  }
}

function isSealed(written: unknown): written is { digest: string; value: Json } {
  return typeof written === 'object' && written !== null && 'digest' in written && 'value' in written
}
