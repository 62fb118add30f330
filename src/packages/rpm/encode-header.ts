import { valueBytes } from './header.ts'
import type { TagRecord } from './header-values.ts'
import {
  type HeaderTag,
  headerTags,
  type SignatureTag,
  signatureTags,
  type TagType,
  tagTypes,
} from './tags.ts'

export type TagValue = string | Uint8Array | readonly string[] | readonly number[]

/** Undefined members and empty lists are left out: rpm has no empty tags. */
export type TagValues<Name extends string> = { readonly [name in Name]?: TagValue | undefined }

/** @param kept tags of another header, as they stand there; none of them is among the values */
export function encodeMainHeader(values: TagValues<HeaderTag>, kept: readonly TagRecord[] = []): Uint8Array {
  const records = [...recordsOf(values, headerTags), ...kept]
  return encodeHeader(
    records.sort((a, b) => a.number - b.number),
    headerTags.headerImmutable.number,
  )
}

export function encodeSignatureHeader(values: TagValues<SignatureTag>): Uint8Array {
  return encodeHeader(recordsOf(values, signatureTags), signatureTags.headerSignatures.number)
}

function recordsOf<Name extends string>(
  values: TagValues<Name>,
  tags: Readonly<Record<Name, { readonly number: number; readonly type: TagType }>>,
): readonly TagRecord[] {
  const records: TagRecord[] = []
  for (const name in values) {
    const value = values[name]
    if (value === undefined || (typeof value !== 'string' && value.length === 0)) continue
    const { number, type: declared } = tags[name]
    // An interpreter with arguments is a list in a tag that is otherwise one string (rpm: rpmlib(ScriptletInterpreterArgs)).
    const type =
      declared === 'string' && typeof value !== 'string' && value.length > 1 ? 'stringArray' : declared
    records.push({ number, type, ...encodeValue(value, type, name) })
  }
  return records.sort((a, b) => a.number - b.number)
}

function encodeValue(value: TagValue, type: TagType, name: string): { count: number; data: Uint8Array } {
  if (value instanceof Uint8Array) return { count: value.length, data: value }
  if (typeof value === 'string') return { count: 1, data: zeroEnded(value, name) }
  const size = valueBytes[type]
  const parts = value.map((item) => {
    if (typeof item === 'string') return zeroEnded(item, name)
    if (size === undefined) throw new Error(`The tag ${name} holds strings, and the number ${item} was given`)
    return encodeNumber(item, size)
  })
  return { count: value.length, data: Buffer.concat(parts) }
}

function zeroEnded(text: string, name: string): Uint8Array {
  // `findings` has refused control characters, so this would be a hole in it.
  if (text.includes('\0')) throw new Error(`The text for the tag ${name} contains a zero byte`)
  return Buffer.from(`${text}\0`)
}

function encodeNumber(value: number, size: number): Uint8Array {
  const data = Buffer.alloc(size)
  if (size === 8) data.writeBigUInt64BE(BigInt(value))
  else data.writeUIntBE(value, 0, size)
  return data
}

/**
 * rpm's docs/manual/format_header.md and hregions.md: preamble, index, data. The region is the first entry of the
 * index and the last of the data, and covers everything.
 */
function encodeHeader(records: readonly TagRecord[], regionTag: number): Uint8Array {
  const index: Buffer[] = []
  const parts: Uint8Array[] = []
  let offset = 0
  for (const { number, type, count, data } of records) {
    const align = valueBytes[type] ?? 1
    const gap = (align - (offset % align)) % align
    parts.push(Buffer.alloc(gap), data)
    offset += gap
    index.push(encodeEntry({ number, type, offset, count }))
    offset += data.length
  }
  const entryCount = records.length + 1
  const region = encodeEntry({ number: regionTag, type: 'bin', offset, count: 16 })
  const trailer = encodeEntry({ number: regionTag, type: 'bin', offset: -16 * entryCount, count: 16 })
  const preamble = Buffer.alloc(16)
  preamble.writeUInt32BE(0x8eade801, 0)
  preamble.writeUInt32BE(entryCount, 8)
  preamble.writeUInt32BE(offset + trailer.length, 12)
  return Buffer.concat([preamble, region, ...index, ...parts, trailer])
}

interface IndexEntry {
  readonly number: number
  readonly type: TagType
  readonly offset: number
  readonly count: number
}

function encodeEntry({ number, type, offset, count }: IndexEntry): Buffer {
  const entry = Buffer.alloc(16)
  entry.writeUInt32BE(number, 0)
  entry.writeUInt32BE(tagTypes[type], 4)
  entry.writeInt32BE(offset, 8)
  entry.writeUInt32BE(count, 12)
  return entry
}
