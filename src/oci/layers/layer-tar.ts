import type { ByteStream } from '../../archive/compression.ts'
import { encodeTarHeader, type TarHeader, tarBlockSizeBytes } from '../../archive/tar-header.ts'
import { UserError } from '../../errors.ts'
import type { LayerEntry } from './layer-entry.ts'

/**
 * POSIX tar (ustar), with PAX records only where ustar has no room: long names, large numbers. No names of users, no
 * access times: same entries, same bytes.
 *
 * @param mtime seconds since 1970 of every entry that has none of its own; at least 1, since some programs take 0 for "none"
 */
export async function* layerTar(entries: Iterable<LayerEntry>, mtime: number): ByteStream {
  for (const entry of entries) {
    yield header(entry, Math.max(1, entry.mtime ?? mtime))
    if (entry.type !== 'file') continue
    yield* exactly(entry)
    const padding = -entry.sizeBytes & (tarBlockSizeBytes - 1)
    if (padding > 0) yield Buffer.alloc(padding)
  }
  yield Buffer.alloc(2 * tarBlockSizeBytes)
}

const flags = { file: '0', directory: '5', symlink: '2' } as const
/** What eleven octal digits hold. */
const octalMax = 0o77777777777
/** What seven octal digits hold. */
const idMax = 0o7777777

function header(entry: LayerEntry, mtime: number): Buffer {
  const name = entry.type === 'directory' ? `${entry.path}/` : entry.path
  const target = entry.type === 'symlink' ? entry.target : ''
  const sizeBytes = entry.type === 'file' ? entry.sizeBytes : 0
  const records = {
    ...(isLong(target) && { linkpath: target }),
    ...(isLong(name) && { path: name }),
    ...(sizeBytes > octalMax && { size: String(sizeBytes) }),
    ...(entry.ownerId > idMax && { uid: String(entry.ownerId) }),
    ...(entry.groupId > idMax && { gid: String(entry.groupId) }),
  }
  const base: TarHeader = {
    name: start(name),
    mode: entry.mode,
    ownerId: entry.ownerId > idMax ? 0 : entry.ownerId,
    groupId: entry.groupId > idMax ? 0 : entry.groupId,
    sizeBytes: sizeBytes > octalMax ? 0 : sizeBytes,
    mtime,
    type: flags[entry.type],
    linkName: start(target),
    owner: '',
    group: '',
  }
  const own = encodeTarHeader(base, 'posix')
  return Object.keys(records).length === 0 ? own : Buffer.concat([paxHeader(records, base), own])
}

/** Also what is not ASCII: ustar does not say in which encoding its names are. */
const isLong = (text: string): boolean => Buffer.byteLength(text) > 100 || /[^\x20-\x7e]/.test(text)

/** What readers without PAX see of a long name. */
function start(text: string): string {
  if (!isLong(text)) return text
  const plain = text.replaceAll(/[^\x20-\x7e]/g, '_')
  return plain.slice(0, 100)
}

/** POSIX.1-2017, pax: "LENGTH KEY=VALUE\\n", the length counting itself; keys in order. */
function paxHeader(records: { readonly [key: string]: string }, base: TarHeader): Buffer {
  const body = Buffer.concat(
    Object.entries(records)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => paxRecord(key, value)),
  )
  const head = encodeTarHeader(
    { ...base, name: 'PaxHeader', type: 'x', linkName: '', sizeBytes: body.length, mode: 0o644 },
    'posix',
  )
  return Buffer.concat([head, body, Buffer.alloc(-body.length & (tarBlockSizeBytes - 1))])
}

function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest + String(rest).length
  if (rest + String(length).length !== length) length = rest + String(length).length
  return Buffer.from(`${length} ${key}=${value}\n`)
}

async function* exactly(entry: LayerEntry & { readonly type: 'file' }): ByteStream {
  let readBytes = 0
  for await (const piece of entry.open()) {
    readBytes += piece.length
    if (readBytes > entry.sizeBytes) break
    yield piece
  }
  if (readBytes === entry.sizeBytes) return
  throw new UserError(
    'SOURCE_CHANGED',
    `The file for /${entry.path} was ${entry.sizeBytes} bytes long, and is no more.`,
    {
      hint: 'Build again when nothing else writes to the file.',
    },
  )
}
