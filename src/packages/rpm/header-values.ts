import { brokenHeader, type HeaderEntry, type RawHeader } from './header.ts'
import type { TagType } from './tags.ts'

interface NumberedTag {
  readonly number: number
}

/** Typed access to one header. A tag is a name of the table or, for tags that Hawser does not know, its number. */
export interface HeaderValues<Name extends string> {
  /** All numbers in it, in the order of the index. */
  readonly tags: readonly number[]
  has(tag: Name | number): boolean
  /** The string, or the first of several (for i18n strings: the untranslated one). */
  text(tag: Name | number): string | undefined
  texts(tag: Name | number): readonly string[]
  number(tag: Name | number): number | undefined
  numbers(tag: Name | number): readonly number[]
  bytes(tag: Name | number): Uint8Array | undefined
  /** As it stands, whatever it means. */
  record(tag: Name | number): TagRecord | undefined
}

export interface TagRecord {
  readonly number: number
  readonly type: TagType
  readonly count: number
  readonly data: Uint8Array
}

export function headerValues<Name extends string>(
  header: RawHeader,
  names: Readonly<Record<Name, NumberedTag>>,
): HeaderValues<Name> {
  const find = (tag: Name | number) => header.entries.get(typeof tag === 'number' ? tag : names[tag].number)
  const texts = (tag: Name | number) => decodeTexts(header, find(tag))
  const numbers = (tag: Name | number) => decodeNumbers(header, find(tag))
  return {
    tags: [...header.entries.keys()],
    has: (tag) => find(tag) !== undefined,
    text: (tag) => texts(tag)[0],
    texts,
    number: (tag) => numbers(tag)[0],
    numbers,
    bytes: (tag) => {
      const entry = find(tag)
      return entry === undefined ? undefined : header.bytes.subarray(entry.start, entry.end)
    },
    record: (tag) => {
      const entry = find(tag)
      if (entry === undefined) return undefined
      const { tag: number, type, count, start, end } = entry
      return { number, type, count, data: header.bytes.subarray(start, end) }
    },
  }
}

function decodeTexts(header: RawHeader, entry: HeaderEntry | undefined): readonly string[] {
  if (entry === undefined) return []
  if (entry.type !== 'string' && entry.type !== 'stringArray' && entry.type !== 'i18nString') {
    throw wrongType(header, entry, 'text')
  }
  // The last zero byte ends the last string and would give an empty one more.
  return header.bytes.toString('utf8', entry.start, entry.end - 1).split('\0')
}

function decodeNumbers(header: RawHeader, entry: HeaderEntry | undefined): readonly number[] {
  if (entry === undefined) return []
  const read = readers[entry.type]
  if (read === undefined) throw wrongType(header, entry, 'numbers')
  const size = (entry.end - entry.start) / entry.count
  const values: number[] = []
  for (let at = entry.start; at < entry.end; at += size) values.push(read(header.bytes, at))
  return values
}

type NumberReader = (bytes: Buffer, at: number) => number

const readers: Partial<Record<HeaderEntry['type'], NumberReader>> = {
  char: (bytes, at) => bytes.readUInt8(at),
  int8: (bytes, at) => bytes.readUInt8(at),
  int16: (bytes, at) => bytes.readUInt16BE(at),
  int32: (bytes, at) => bytes.readUInt32BE(at),
  // Sizes beyond 2^53 cannot be real; they lose digits here and fail the comparison with the payload.
  int64: (bytes, at) => Number(bytes.readBigUInt64BE(at)),
}

function wrongType(header: RawHeader, entry: HeaderEntry, expected: string): Error {
  return brokenHeader(
    header.place,
    entry.start,
    `the tag ${entry.tag} has the type ${entry.type}, not ${expected}.`,
  )
}
