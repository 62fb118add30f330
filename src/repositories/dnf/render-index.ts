import { createHash } from 'node:crypto'
import { compress } from '../../archive/compress.ts'
import { type ByteStream, type CompressionKind, compressions } from '../../archive/compression.ts'
import type { Upload } from '../repository-format.ts'
import { type IndexKind, type IndexShape, indexShapes } from './index-shapes.ts'
import { renderRecord } from './repomd.ts'
import { xmlAttributes } from './xml-escape.ts'

export interface RenderedIndex {
  readonly upload: Upload
  readonly record: string
}

/** One index from its packages, under a name that holds its checksum. */
export async function renderIndex(
  kind: IndexKind,
  content: {
    readonly rootAttributes: Readonly<Record<string, string>>
    readonly fragments: readonly string[]
    readonly compression: CompressionKind
    readonly timestamp: number
  },
): Promise<RenderedIndex> {
  const { compression } = content
  const open = { hash: createHash('sha256'), sizeBytes: 0 }
  const packed: Uint8Array[] = []
  const options = { level: levels[compression], frames: 'independent' } as const
  const text = batches(textOf(kind, content.rootAttributes, content.fragments), open)
  for await (const chunk of compress(text, compression, options)) packed.push(chunk)
  const bytes = Buffer.concat(packed)
  const checksum = createHash('sha256').update(bytes).digest('hex')
  const path = `repodata/${checksum}-${kind}.xml${compressions[compression].extension}`
  const record = renderRecord({
    type: kind,
    checksum: { type: 'sha256', value: checksum },
    openChecksum: { type: 'sha256', value: open.hash.digest('hex') },
    path,
    timestamp: content.timestamp,
    sizeBytes: bytes.length,
    openSizeBytes: open.sizeBytes,
  })
  const contentType = contentTypes[compression]
  return { upload: { path, body: bytes, contentType, caching: 'immutable' }, record }
}

// Speed counts on every publish, size on every download: these are the knees of the curves.
const levels: Record<CompressionKind, number> = { gzip: 6, xz: 6, zstd: 10, none: 0 }

const contentTypes: Record<CompressionKind, string> = {
  gzip: 'application/gzip',
  xz: 'application/x-xz',
  zstd: 'application/zstd',
  none: 'application/xml',
}

function* textOf(
  kind: IndexKind,
  rootAttributes: Readonly<Record<string, string>>,
  fragments: readonly string[],
): Generator<string> {
  const { root, namespaces }: IndexShape = indexShapes[kind]
  const attributes = xmlAttributes({ ...namespaces, ...rootAttributes, packages: fragments.length })
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attributes}>\n`
  for (const fragment of fragments) yield `${fragment}\n`
  yield `</${root}>\n`
}

const batchCharacters = 1 << 18

async function* batches(
  texts: Iterable<string>,
  open: { readonly hash: ReturnType<typeof createHash>; sizeBytes: number },
): ByteStream {
  let batch = ''
  const encode = (text: string): Uint8Array => {
    const bytes = Buffer.from(text, 'utf8')
    open.hash.update(bytes)
    open.sizeBytes += bytes.length
    return bytes
  }
  for (const text of texts) {
    batch += text
    if (batch.length < batchCharacters) continue
    yield encode(batch)
    batch = ''
  }
  yield encode(batch)
}
