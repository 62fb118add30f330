import type { ByteReader } from './byte-reader.ts'
import { headerError, type TarHeader, tarBlockSizeBytes, textOf } from './tar-header.ts'
import { tooLarge, unsupportedEntry } from './tar-rules.ts'

/** What GNU and PAX entries say about the entry behind them. */
export interface Extensions {
  readonly path?: string
  readonly linkPath?: string
  readonly sizeBytes?: number
  readonly owner?: string
  readonly group?: string
  readonly ownerId?: number
  readonly groupId?: number
}

export const noExtensions: Extensions = {}

// A path of 4096 bytes and room for attributes; more is not a name.
const extensionSizeBytesMax = 1 << 16

/** The extension that this header introduces, with its body read; undefined for an ordinary entry. */
export async function readExtension(
  header: TarHeader,
  reader: ByteReader,
  offset: number,
): Promise<Extensions | undefined> {
  if (!['L', 'K', 'x', 'g'].includes(header.type)) return undefined
  if (header.sizeBytes > extensionSizeBytesMax) throw tooLarge(offset, `a name of ${header.sizeBytes} bytes`)
  const body = await reader.exactly(header.sizeBytes, 'a long name')
  await reader.skip(-header.sizeBytes & (tarBlockSizeBytes - 1), 'the padding')
  if (header.type === 'L') return { path: textOf(body) }
  if (header.type === 'K') return { linkPath: textOf(body) }
  const records = paxRecords(body, offset)
  // Global headers hold defaults such as git's commit id; none of them may rename what follows.
  return header.type === 'g' ? noExtensions : fromPax(records, offset)
}

/** POSIX pax, "extended header": `LENGTH KEY=VALUE\n`, the length counting itself. */
function paxRecords(body: Buffer, offset: number): ReadonlyMap<string, string> {
  const records = new Map<string, string>()
  let at = 0
  while (at < body.length) {
    const space = body.indexOf(0x20, at)
    const length = Number(space === -1 ? '' : body.subarray(at, space).toString('latin1'))
    const record = body.subarray(space + 1, at + length)
    const equals = record.indexOf(0x3d)
    if (
      !Number.isInteger(length) ||
      length <= 0 ||
      at + length > body.length ||
      equals < 1 ||
      record.at(-1) !== 10
    ) {
      throw headerError(offset, `the PAX record at byte ${at} is malformed`)
    }
    records.set(record.subarray(0, equals).toString(), record.subarray(equals + 1, -1).toString())
    at += length
  }
  return records
}

function fromPax(records: ReadonlyMap<string, string>, offset: number): Extensions {
  for (const key of records.keys()) {
    if (key.startsWith('GNU.sparse')) throw unsupportedEntry('sparse', records.get('path') ?? '', offset)
  }
  const numberOf = (key: string): number | undefined => {
    const text = records.get(key)
    if (text === undefined) return undefined
    if (!/^\d{1,15}$/.test(text)) throw headerError(offset, `the PAX ${key} is not a number`)
    return Number(text)
  }
  return {
    ...optional('path', records.get('path')),
    ...optional('linkPath', records.get('linkpath')),
    ...optional('sizeBytes', numberOf('size')),
    ...optional('owner', records.get('uname')),
    ...optional('group', records.get('gname')),
    ...optional('ownerId', numberOf('uid')),
    ...optional('groupId', numberOf('gid')),
  }
}

const optional = <Key extends string, Value>(key: Key, value: Value | undefined): { [key in Key]?: Value } =>
  value === undefined ? {} : ({ [key]: value } as { [key in Key]: Value })
