import { createHash } from 'node:crypto'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { compress } from '../../../archive/compress.ts'
import type { Storage } from '../../../storage/storage.ts'
import type { IndexState } from '../../append/index-state.ts'
import type { Addition } from '../../repository-format.ts'
import { apt, aptRepository, layoutOf } from '../apt.ts'
import type { AptFacts } from '../prepare.ts'

export const hash = (bytes: Uint8Array | string, name = 'sha256'): string =>
  createHash(name).update(bytes).digest('hex')

export const layout = (options: object = {}) => layoutOf(apt.options.parse({ suite: 'stable', ...options }))
export const format = (options: object = {}) => aptRepository(layout(options))

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}

export interface SampleStanza {
  readonly name: string
  readonly version?: string
  readonly architecture?: string
  readonly section?: string
  readonly path?: string
}

export function stanza({ name, version = '1.0', architecture = 'amd64', section, path }: SampleStanza): string {
  const lines = [
    `Package: ${name}`,
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    ...(section === undefined ? [] : [`Section: ${section}`]),
    `Filename: ${path ?? `somewhere/${name}_${version}_${architecture}.deb`}`,
    'Size: 7',
    `SHA256: ${hash(`${name} ${version} ${architecture}`)}`,
    'X-Odd:no space',
  ]
  return `${lines.join('\n')}\n\n`
}

async function xz(bytes: Uint8Array): Promise<Uint8Array> {
  async function* input(): AsyncGenerator<Uint8Array> {
    yield bytes
  }
  return Buffer.concat(await collect(compress(input(), 'xz', { level: 6, frames: 'single' })))
}

const compressed = {
  '': (bytes: Uint8Array) => bytes,
  // Of two members, as ours are.
  '.gz': (bytes: Uint8Array) => {
    const middle = bytes.length >> 1
    return Buffer.concat([gzipSync(bytes.subarray(0, middle)), gzipSync(bytes.subarray(middle))])
  },
  '.zst': zstdCompressSync,
  '.xz': xz,
  '.bz2': () => Buffer.from('BZh9 which nobody here reads'),
} as const

export interface ForeignSuite {
  readonly folder?: string
  /** Name of an index → its text. */
  readonly indexes: Readonly<Record<string, string>>
  readonly forms?: readonly (keyof typeof compressed)[]
  /** Which of them to store; all when absent. The others are listed only. */
  readonly stored?: readonly string[]
  readonly fields?: string
  readonly sections?: readonly ('MD5Sum' | 'SHA256' | 'SHA512')[]
  /** Files under names by hash instead of usual names. */
  readonly byHash?: boolean
  readonly extraLines?: string
}

/** Writes a suite as another tool would have published it, unsigned. */
export async function writeSuite(storage: Storage, suite: ForeignSuite): Promise<void> {
  const { folder = 'dists/stable', forms = ['', '.gz'], sections = ['SHA256'], byHash = false } = suite
  const files: { readonly name: string; readonly bytes: Buffer }[] = []
  for (const [index, text] of Object.entries(suite.indexes)) {
    for (const form of forms) {
      files.push({ name: index + form, bytes: Buffer.from(await compressed[form](Buffer.from(text))) })
    }
  }
  for (const { name, bytes } of files) {
    if (suite.stored !== undefined && !suite.stored.includes(name)) continue
    const place = byHash ? name.replace(/[^/]*$/, `by-hash/SHA256/${hash(bytes)}`) : name
    await storage.put(`${folder}/${place}`, bytes)
  }
  const listed = sections.map((section) => {
    const algorithm = section.toLowerCase().replace('sum', '')
    return `${section}:\n${files.map(({ name, bytes }) => ` ${hash(bytes, algorithm)} ${bytes.length} ${name}\n`).join('')}`
  })
  const fields = suite.fields ?? 'Origin: Former\nX-Unknown: kept\nDate: Tue, 01 Jul 2025 12:00:00 UTC\n'
  const text = `${fields}${byHash ? 'Acquire-By-Hash: yes\n' : ''}${listed.join('')}${suite.extraLines ?? ''}`
  await storage.put(`${folder}/InRelease`, Buffer.from(text))
}

/** The state of an index with this text, as it would have been written. */
export function stateOf(text: string, count = 1, path = 'by-hash/x'): IndexState {
  const plain = Buffer.from(text)
  const body = gzipSync(plain)
  const listed = (bytes: Uint8Array) => ({ sizeBytes: bytes.length, digests: { sha256: hash(bytes) } })
  // Only what an entry lists; the rest is for appending.
  const state: unknown = { count, plain: listed(plain), forms: { gzip: { ...listed(body), path } } }
  return state as IndexState
}

export const packages = (architecture: string, component = 'main'): string =>
  `${component}/binary-${architecture}/Packages`

/** A package that is to be published. */
export function addition(name: string, architecture = 'amd64', version = '1.0'): Addition<AptFacts> {
  const path = `pool/main/${name}_${version}.deb`
  return {
    entry: {
      name,
      version,
      architecture,
      path,
      sizeBytes: 7,
      sha256: hash(`${name} ${version} ${architecture}`),
    },
    content: { body: new Uint8Array(7), contentType: 'application/octet-stream' },
    facts: {
      stanza: Buffer.from(stanza({ name, version, architecture, path })),
      owner: `utils/${name}`,
      contents: async () => Buffer.from(`bin/${name} utils/${name}\n`),
    },
  }
}
