import { Readable } from 'node:stream'
import { digestOf } from '../lib/digest.ts'
import type { Storage, StoredObject } from '../storage/storage.ts'
import type { Upload } from './repository-format.ts'

/** The storage as it will be after these uploads: what is about to be published is read back before anybody else can. */
export function overlay(storage: Storage, uploads: readonly Upload[]): Storage {
  const bodies = new Map<string, Uint8Array>()
  for (const { path, body } of uploads) if (body instanceof Uint8Array) bodies.set(path, body)
  return {
    location: storage.location,
    url: storage.url,
    async head(path, options) {
      return objectOf(path, bodies.get(path)) ?? storage.head(path, options)
    },
    async get(path, options) {
      return objectOf(path, bodies.get(path), options?.range) ?? storage.get(path, options)
    },
    list: () => refuse(),
    put: () => refuse(),
    delete: () => refuse(),
  }
}

function objectOf(
  path: string,
  body: Uint8Array | undefined,
  range: { readonly start: number; readonly end?: number } = { start: 0 },
): StoredObject | undefined {
  if (body === undefined) return undefined
  const part = body.subarray(range.start, range.end)
  return {
    path,
    sizeBytes: body.length,
    version: digestOf(body),
    body: () => Readable.from([part]),
    bytes: async () => part,
  }
}

function refuse(): never {
  throw new Error('A preview of a repository can only be read by path')
}
