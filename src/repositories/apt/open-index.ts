import { createHash } from 'node:crypto'
import type { ByteStream, CompressionKind } from '../../archive/compression.ts'
import { decompress } from '../../archive/decompress.ts'
import { TransientError, UserError } from '../../errors.ts'
import type { Storage, StoredObject } from '../../storage/storage.ts'
import type { Fragment, IndexName, OpenIndex, ReadOptions, RepositoryEntry } from '../repository-format.ts'
import { signedText, withLineEnd } from './clearsigned.ts'
import { openContents } from './contents-index.ts'
import { byHashPath, formName, isFormOf, listsPackages, pathIn } from './layout.ts'
import { packagesFragments } from './packages-index.ts'
import type { AptEntry } from './read-entry.ts'
import { hasByHash, hashFieldNames, hashFields, type ListedFile, type Release } from './release.ts'

/** The forms of an index that we can read, best first: everywhere, then small. */
const readable: readonly CompressionKind[] = ['gzip', 'xz', 'zstd', 'none']

const indexBytesMax = 2 ** 34

type Opened = Pick<OpenIndex, 'fragments'> & { readonly header: Uint8Array }

/**
 * Reads an index from whichever of its files is as it is listed, as a stream: by the time it ends, the digests of the file
 * and of the plain text are checked, so nothing may be believed before.
 */
export async function openIndex(
  storage: Storage,
  entry: RepositoryEntry<AptEntry>,
  index: IndexName,
  options: ReadOptions,
): Promise<Opened> {
  const source = { storage, entry, index, options }
  try {
    const body = await findBody(source)
    const where = pathIn(entry.own.layout.folder, index)
    const stream = plainText(source, body)
    const opened = listsPackages(index)
      ? { header: new Uint8Array(0), fragments: packagesFragments(stream, index, where) }
      : await openContents(stream, where)
    return { ...opened, fragments: explaining(opened.fragments, source, body) }
  } catch (error) {
    throw await explained(error, source)
  }
}

interface Source {
  readonly storage: Storage
  readonly entry: RepositoryEntry<AptEntry>
  readonly index: IndexName
  readonly options: ReadOptions
}

interface Body {
  readonly path: string
  readonly form: CompressionKind
  readonly listed: ListedFile
  readonly stored: StoredObject
}

async function findBody({ storage, entry, index, options }: Source): Promise<Body> {
  const { release, layout } = entry.own
  for (const form of readable) {
    const name = formName(index, form)
    const listed = release.files.get(name)
    if (listed === undefined) continue
    for (const path of placesOf(release, layout.folder, name)) {
      const stored = await storage.get(path, { signal: options.signal })
      if (stored?.sizeBytes === listed.sizeBytes) return { path, form, listed, stored }
      stored?.body().destroy()
    }
  }
  throw missing(release, layout.folder, index)
}

/** Where a listed file may be, surest first: by-hash names never change, usual names may be newer already. */
export function placesOf(release: Release, folder: string, name: string): readonly string[] {
  const { hashes = {} } = release.files.get(name) ?? {}
  const byHash = hashFieldNames.toReversed().flatMap((section) => {
    const hash = hashes[hashFields[section]]
    return hash === undefined ? [] : [pathIn(folder, byHashPath(name, section, hash))]
  })
  const usual = pathIn(folder, name)
  return hasByHash(release) ? [...byHash, usual] : [usual, ...byHash]
}

async function* plainText({ entry, index }: Source, { path, form, listed, stored }: Body): ByteStream {
  const plain = entry.own.release.files.get(index)
  const limit = { sizeBytesMax: plain?.sizeBytes ?? indexBytesMax }
  const packed = checked(stored.body(), listed, () => damaged(path))
  const text = decompress(packed, form, limit)
  yield* plain === undefined || form === 'none' ? text : checked(text, plain, () => differs(path))
}

/** The same bytes; ends with the error when they were not what is listed. */
export async function* checked(stream: ByteStream, listed: ListedFile, error: () => UserError): ByteStream {
  const strongest = strongestOf(listed)
  if (strongest === undefined) throw error()
  const hash = createHash(strongest.name)
  let sizeBytes = 0
  for await (const chunk of stream) {
    hash.update(chunk)
    sizeBytes += chunk.length
    yield chunk
  }
  if (sizeBytes !== listed.sizeBytes || hash.digest('hex') !== strongest.hash) throw error()
}

function strongestOf({
  hashes,
}: ListedFile): { readonly name: 'md5' | 'sha1' | 'sha256' | 'sha512'; readonly hash: string } | undefined {
  for (const section of hashFieldNames.toReversed()) {
    const name = hashFields[section]
    const hash = hashes[name]
    if (hash !== undefined) return { name, hash }
  }
  return undefined
}

export async function isAsListed(stored: StoredObject, listed: ListedFile): Promise<boolean> {
  const stream = stored.body()
  if (stored.sizeBytes !== listed.sizeBytes) {
    stream.destroy()
    return false
  }
  const mismatch = new UserError('APT_INDEX', '')
  try {
    for await (const _ of checked(stream, listed, () => mismatch));
    return true
  } catch (error) {
    if (error === mismatch) return false
    throw error
  }
}

async function* explaining(
  fragments: AsyncIterable<Fragment>,
  source: Source,
  body: Body,
): AsyncGenerator<Fragment> {
  try {
    yield* fragments
  } catch (error) {
    throw await explained(error, source, body)
  }
}

/** Damage makes any kind of error, and so does a publisher that replaces usual names: the reader should hear of that. */
async function explained(error: unknown, source: Source, body?: Body): Promise<unknown> {
  if (!(error instanceof UserError)) return error
  if (await wasReplaced(source)) return replaced(source)
  if (body === undefined || error.code === 'APT_INDEX') return error
  const again = await source.storage.get(body.path, { signal: source.options.signal })
  if (again === undefined || !(await isAsListed(again, body.listed))) return damaged(body.path)
  return error.code.startsWith('ARCHIVE_') ? differs(body.path) : error
}

/** A tool that keeps only usual names wrote them between our two reads: then the entry is new as well. */
async function wasReplaced({ storage, entry, options }: Source): Promise<boolean> {
  const { path, text } = entry.own
  const stored = await storage.get(path, { signal: options.signal })
  if (stored === undefined) return false
  if (entry.version !== undefined) {
    stored.body().destroy()
    return stored.version !== entry.version
  }
  return withLineEnd(signedText(Buffer.from(await stored.bytes()).toString('utf8'), path).text) !== text
}

const replaced = ({ entry, index }: Source): TransientError =>
  new TransientError(
    'APT_REPLACED',
    `Another tool published ${entry.own.path} while ${index} was being read.`,
    { hint: 'Nothing was changed. Run it again when the other tool is done.' },
  )

const damaged = (path: string): UserError =>
  new UserError('APT_INDEX', `${path} is not what its Release file lists: its digest differs.`, {
    hint:
      'If another tool is publishing at this moment, run it again. Otherwise the file is damaged: publish it again with ' +
      'the tool that wrote it, or restore it from a backup; nothing was changed.',
  })

const differs = (path: string): UserError =>
  new UserError('APT_INDEX', `${path} unpacks to something else than its Release file lists.`, {
    hint: 'Publish it again with the tool that wrote it, or restore it from a backup; nothing was changed.',
  })

function missing(release: Release, folder: string, index: IndexName): UserError {
  const forms = [...release.files.keys()].filter((path) => isFormOf(path, index))
  if (!readable.some((form) => forms.includes(formName(index, form)))) {
    return new UserError(
      'APT_INDEX_FORM',
      `${folder || 'The root'} lists ${forms.join(', ')}, and Hawser reads none of these forms.`,
      {
        hint: 'Publish it once with gzip-compressed indexes, which every client reads.',
      },
    )
  }
  return new UserError(
    'APT_INDEX',
    `The index ${pathIn(folder, index)} is missing or differs from what its Release file lists, in every form (${forms.join(', ')}).`,
    {
      hint:
        'If another tool is publishing at this moment, run it again. Otherwise the repository is damaged: publish it ' +
        'again with the tool that wrote it, or restore it from a backup; nothing was changed.',
    },
  )
}
