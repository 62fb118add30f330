import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import type { ByteStream, CompressionKind } from '../../archive/compression.ts'
import { decompress } from '../../archive/decompress.ts'
import { readTar, type TarEntry } from '../../archive/tar.ts'
import { UserError } from '../../errors.ts'
import type { Digest } from '../../lib/digest.ts'
import { mediaTypes } from '../media-types.ts'

export interface LayerLimits {
  /** Of the unpacked layer. */
  readonly sizeBytesMax?: number
  /** Unpacked bytes for each packed one. */
  readonly ratioMax?: number
  readonly entriesMax?: number
}

export interface ReadLayerOptions {
  readonly mediaType: string
  /** What the configuration calls the unpacked layer; it is checked at the end. */
  readonly diffId?: Digest | undefined
  /** For people: where the layer is from. */
  readonly where: string
  readonly limits?: LayerLimits
}

/** The path is not there any more, whatever the layers below have. */
interface Whiteout {
  readonly type: 'whiteout'
  readonly path: string
}

/** Nothing of what the layers below have in this folder is there any more. */
interface Opaque {
  readonly type: 'opaque'
  readonly path: string
}

/** A file, folder or link of a layer, or what the layer removes (image specification 1.1, layer.md). */
export type LayerMember = TarEntry | Whiteout | Opaque

const compressionOf: { readonly [mediaType: string]: CompressionKind | undefined } = {
  [mediaTypes.layerTar]: 'none',
  [mediaTypes.layerGzip]: 'gzip',
  [mediaTypes.layerZstd]: 'zstd',
  [mediaTypes.dockerLayerGzip]: 'gzip',
}

// A layer of nothing but zeros reaches 1006 with our gzip; a layer made to fill disks goes beyond.
const usualLimits: Required<LayerLimits> = {
  sizeBytesMax: 64 * 2 ** 30,
  ratioMax: 1020,
  entriesMax: 1_000_000,
}

/**
 * The members of a layer in their order, without touching the disk. Nothing is trusted: paths that lead out, device
 * nodes, and more bytes or entries than the limits allow are refused. Read to the end, it has been checked whole.
 */
export async function* readLayer(packed: ByteStream, options: ReadLayerOptions): AsyncGenerator<LayerMember> {
  const { diffId, where, limits } = options
  // umoci leaves the mark at the end out (seen with 0.4.7).
  const endMark = diffId === undefined ? 'required' : 'optional'
  const { entriesMax } = { ...usualLimits, ...limits }
  const entries = readTar(unpackLayer(packed, options), { purpose: 'install', entriesMax, endMark })
  for await (const entry of named(entries, where)) {
    yield asMember({ ...entry, body: () => named(entry.body(), where) }, where)
  }
}

/** The layer as a plain tar archive, byte for byte; read to the end, it is what the configuration calls it. */
export async function* unpackLayer(
  packed: ByteStream,
  { mediaType, diffId, where, limits }: ReadLayerOptions,
): ByteStream {
  const kind = compressionOf[mediaType]
  if (kind === undefined) throw typeError(mediaType, where)
  const { sizeBytesMax, ratioMax } = { ...usualLimits, ...limits }
  const hash = createHash('sha256')
  yield* hashed(decompress(packed, kind, { sizeBytesMax, ratioMax }), hash)
  const found: Digest = `sha256:${hash.digest('hex')}`
  if (diffId !== undefined && found !== diffId) throw diffIdError(where, diffId, found)
}

const prefix = '.wh.'
const opaque = '.wh..wh..opq'

function asMember(entry: TarEntry, where: string): LayerMember {
  const name = posix.basename(entry.path)
  if (!name.startsWith(prefix)) return entry
  const folder = posix.dirname(entry.path) === '.' ? '' : posix.dirname(entry.path)
  if (name === opaque) return { type: 'opaque', path: folder }
  const removed = name.slice(prefix.length)
  if (['', '.', '..'].includes(removed) || removed.startsWith(prefix)) throw whiteoutError(entry.path, where)
  return { type: 'whiteout', path: posix.join(folder, removed) }
}

async function* hashed(stream: ByteStream, hash: ReturnType<typeof createHash>): ByteStream {
  for await (const piece of stream) {
    hash.update(piece)
    yield piece
  }
}

/** The archive's own errors do not know which layer it is. */
async function* named<Item>(items: AsyncIterable<Item>, where: string): AsyncGenerator<Item> {
  try {
    yield* items
  } catch (error) {
    const isAnonymous = error instanceof UserError && /^(TAR|ARCHIVE)_/.test(error.code)
    if (!isAnonymous || error.message.startsWith(where)) throw error
    const { code, message, hint } = error
    throw new UserError(code, `${where} cannot be read: ${message}`, { ...(hint && { hint }), cause: error })
  }
}

const typeError = (mediaType: string, where: string): UserError =>
  new UserError('OCI_LAYER_TYPE', `${where} is of the type "${mediaType}", which is no layer of files.`, {
    hint: 'Hawser reads tar layers: plain, gzip and zstd. It may be an artifact that is no container image.',
  })

const diffIdError = (where: string, wanted: Digest, found: Digest): UserError =>
  new UserError('OCI_DIFF_ID', `${where} unpacks to ${found}; its image says ${wanted}.`, {
    hint: 'The layer belongs to another image, or the image was written by a broken tool. Build it again.',
  })

const whiteoutError = (path: string, where: string): UserError =>
  new UserError('OCI_WHITEOUT', `${where} has the whiteout "${path}", which names nothing to remove.`, {
    hint: 'Programs read it in different ways, so that it is refused. Build the layer again.',
  })
