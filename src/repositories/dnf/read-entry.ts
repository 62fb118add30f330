import type { CompressionKind } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type { IndexName, ListedIndex, ReadOptions, RepositoryEntry } from '../repository-format.ts'
import { generationOf } from './generation-tag.ts'
import { type IndexKind, indexKinds } from './index-shapes.ts'
import { latestTimestamp, type MetadataRecord, parseRepomd, type Repomd, repomdPath } from './repomd.ts'
import { checkSignature } from './signature.ts'

/** What dnf keeps of an entry between reading and writing it. */
export interface DnfEntry {
  readonly repomd: Repomd
  /** As they are stored. */
  readonly bytes: Uint8Array
  readonly records: Partial<Record<IndexKind, MetadataRecord>>
}

const repomdSizeMax = 16 << 20

export async function readEntry(
  storage: Storage,
  options: ReadOptions,
): Promise<RepositoryEntry<DnfEntry> | undefined> {
  const object = await storage.get(repomdPath, { signal: options.signal })
  if (object === undefined) return undefined
  if (object.sizeBytes > repomdSizeMax) {
    throw new UserError('DNF_METADATA_TOO_LARGE', `"${repomdPath}" is larger than ${repomdSizeMax} bytes.`, {
      hint: 'No repository has an entry file of this size. Find out who wrote it, and restore it.',
    })
  }
  const bytes = await object.bytes()
  // Signature first: what nobody vouches for is not even parsed.
  const signature = await checkSignature(storage, bytes, options)
  const repomd = await parseRepomd(bytes)
  const records = recordsByKind(repomd)
  const timestamp = latestTimestamp(repomd)
  return {
    version: object.version,
    signature,
    generation: generationOf(repomd.others),
    date: timestamp === 0 ? undefined : new Date(timestamp * 1000),
    indexes: new Map(indexKinds.flatMap((kind) => listed(kind, records[kind]))),
    own: { repomd, bytes, records },
  }
}

function recordsByKind(repomd: Repomd): Partial<Record<IndexKind, MetadataRecord>> {
  const found: Partial<Record<IndexKind, MetadataRecord>> = {}
  for (const kind of indexKinds) {
    const [record, second] = repomd.records.filter(({ type }) => type === kind)
    if (second !== undefined) {
      throw new UserError('DNF_RECORD_TWICE', `${repomdPath} names two files of the type "${kind}".`, {
        hint: 'Clients take one of them, and it is not said which. Make the metadata again, then publish again.',
      })
    }
    if (record !== undefined) found[kind] = record
  }
  if (found.primary !== undefined) return found
  throw new UserError('DNF_PRIMARY_MISSING', `${repomdPath} names no "primary", the list of all packages.`, {
    hint: 'Make the metadata again with "createrepo_c", or remove repodata/ if the repository is to start empty.',
  })
}

/** Only primary is a must; repositories without filelists or other are used by real clients. */
function listed(kind: IndexKind, record: MetadataRecord | undefined): [IndexName, ListedIndex][] {
  if (record === undefined) return []
  const body = { sizeBytes: record.sizeBytes ?? -1, digests: digestsOf(record.checksum) }
  const { openChecksum, openSizeBytes = -1 } = record
  const plain =
    openChecksum === undefined ? undefined : { sizeBytes: openSizeBytes, digests: digestsOf(openChecksum) }
  return [[kind, { plain, forms: new Map([[formOf(record.path), body]]) }]]
}

const digestsOf = ({ type, value }: { readonly type: string; readonly value: string }) =>
  type === 'sha256' ? { sha256: value } : {}

const extensions: readonly (readonly [string, CompressionKind])[] = [
  ['.gz', 'gzip'],
  ['.zst', 'zstd'],
  ['.xz', 'xz'],
]

const formOf = (path: string): CompressionKind =>
  extensions.find(([extension]) => path.endsWith(extension))?.[1] ?? 'none'
