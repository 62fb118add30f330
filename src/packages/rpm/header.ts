import { UserError } from '../../errors.ts'
import { type TagType, tagTypes } from './tags.ts'

/** rpm's own limits (lib/header.c): 65,535 entries and 256 MiB of data. */
const entriesMax = 0xffff
const dataBytesMax = 0x1000_0000

export const preambleBytes = 16
const entryBytes = 16
const regionBytes = 16

/** Where a header is and what it is called in errors. */
export interface HeaderPlace {
  readonly name: 'signature header' | 'main header'
  /** Byte offset of its magic in the package file. */
  readonly offset: number
  readonly regionTag: number
}

export interface HeaderSize {
  readonly entryCount: number
  readonly dataBytes: number
  readonly totalBytes: number
}

export interface HeaderEntry {
  readonly tag: number
  readonly type: TagType
  /** Of the data, from the start of the header. */
  readonly start: number
  readonly end: number
  readonly count: number
}

/** One checked header: every entry lies inside, on its own bytes, and of its type. */
export interface RawHeader {
  readonly bytes: Buffer
  readonly place: HeaderPlace
  readonly entries: ReadonlyMap<number, HeaderEntry>
}

const repair = { hint: 'Fetch or build the package again; this file is damaged or was made to mislead.' }

export function brokenHeader(place: HeaderPlace, offset: number, what: string): UserError {
  return new UserError(
    'RPM_HEADER_BROKEN',
    `The ${place.name}: at offset ${place.offset + offset}, ${what}`,
    repair,
  )
}

/** Reads the 16 bytes before the index: magic 8eade801, 4 reserved bytes, entry count, data length. */
export function decodePreamble(data: Buffer, place: HeaderPlace): HeaderSize {
  if (data.length < preambleBytes) {
    throw new UserError(
      'RPM_TRUNCATED',
      `The file ends inside the ${place.name} at offset ${place.offset}.`,
      repair,
    )
  }
  if (data.readUInt32BE(0) !== 0x8eade801) {
    throw brokenHeader(place, 0, `there is ${data.toString('hex', 0, 4)} instead of the magic 8eade801.`)
  }
  const entryCount = data.readUInt32BE(8)
  const dataBytes = data.readUInt32BE(12)
  if (entryCount < 1 || entryCount > entriesMax) {
    throw brokenHeader(place, 8, `it claims ${entryCount} entries; 1 to ${entriesMax} are allowed.`)
  }
  if (dataBytes < regionBytes || dataBytes > dataBytesMax) {
    throw brokenHeader(place, 12, `it claims ${dataBytes} bytes of data; 16 to ${dataBytesMax} are allowed.`)
  }
  return { entryCount, dataBytes, totalBytes: preambleBytes + entryCount * entryBytes + dataBytes }
}

/** Checks the whole header once, so that later reading cannot leave it. */
export function decodeHeader(bytes: Buffer, place: HeaderPlace): RawHeader {
  const { entryCount, totalBytes } = decodePreamble(bytes, place)
  if (bytes.length < totalBytes) {
    throw new UserError(
      'RPM_TRUNCATED',
      `The ${place.name} at offset ${place.offset} claims ${totalBytes} bytes, and the file has ${bytes.length} there.`,
      repair,
    )
  }
  const dataStart = preambleBytes + entryCount * entryBytes
  const entries = new Map<number, HeaderEntry>()
  let free = dataStart
  for (let index = 0; index < entryCount; index++) {
    const at = preambleBytes + index * entryBytes
    const entry = decodeEntry(bytes.subarray(0, totalBytes), at, dataStart, place)
    if (index === 0) checkRegion(bytes, entry, { place, entryCount, at })
    if (entries.has(entry.tag))
      throw brokenHeader(place, at, `the tag ${entry.tag} stands for the second time.`)
    if (index > 0) {
      // As rpm: the data stands in the order of the index. So no bytes are read twice, however many entries there are.
      if (entry.start < free) {
        throw brokenHeader(place, at, `the data of the tag ${entry.tag} overlaps the data before it.`)
      }
      free = entry.end
    }
    entries.set(entry.tag, entry)
  }
  return { bytes: bytes.subarray(0, totalBytes), place, entries }
}

const typeNames = new Map<number, TagType>()
for (const name of Object.keys(tagTypes)) {
  if (isTagType(name)) typeNames.set(tagTypes[name], name)
}

function isTagType(name: string): name is TagType {
  return name in tagTypes
}

/** Bytes of one value; undefined for strings, which end with a zero byte. */
export const valueBytes: Record<TagType, number | undefined> = {
  char: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  bin: 1,
  string: undefined,
  stringArray: undefined,
  i18nString: undefined,
}

function decodeEntry(bytes: Buffer, at: number, dataStart: number, place: HeaderPlace): HeaderEntry {
  const tag = bytes.readUInt32BE(at)
  const type = typeNames.get(bytes.readUInt32BE(at + 4))
  const offset = bytes.readInt32BE(at + 8)
  const count = bytes.readUInt32BE(at + 12)
  if (type === undefined) {
    throw brokenHeader(
      place,
      at + 4,
      `the tag ${tag} has the type ${bytes.readUInt32BE(at + 4)}; 1 to 9 are known.`,
    )
  }
  const start = dataStart + offset
  if (offset < 0 || start >= bytes.length) {
    throw brokenHeader(
      place,
      at + 8,
      `the tag ${tag} points to ${offset}, outside of its ${bytes.length - dataStart} bytes.`,
    )
  }
  if (count < 1 || count > bytes.length - start) {
    throw brokenHeader(
      place,
      at + 12,
      `the tag ${tag} claims ${count} values where ${bytes.length - start} bytes are left.`,
    )
  }
  if (type === 'string' && count !== 1) {
    throw brokenHeader(place, at + 12, `the tag ${tag} is one string and claims ${count}.`)
  }
  const size = valueBytes[type]
  if (size === undefined)
    return { tag, type, start, end: endOfStrings(bytes, { tag, start, count }, place), count }
  if (offset % size !== 0) {
    throw brokenHeader(
      place,
      at + 8,
      `the tag ${tag} points to ${offset}, which is not a multiple of ${size}.`,
    )
  }
  const end = start + size * count
  if (end > bytes.length) {
    throw brokenHeader(
      place,
      at + 12,
      `the tag ${tag} claims ${count} values of ${size} bytes, beyond the end.`,
    )
  }
  return { tag, type, start, end, count }
}

function endOfStrings(
  bytes: Buffer,
  { tag, start, count }: { tag: number; start: number; count: number },
  place: HeaderPlace,
): number {
  let position = start
  for (let index = 0; index < count; index++) {
    const zero = bytes.indexOf(0, position)
    if (zero < 0)
      throw brokenHeader(place, position, `string ${index + 1} of ${count} of the tag ${tag} has no end.`)
    position = zero + 1
  }
  return position
}

/**
 * The region is the first entry; its 16 bytes of data look like an entry and say by a negative offset how many
 * entries it covers. It is what signatures and digests are made over, so its absence cannot be accepted.
 */
function checkRegion(
  bytes: Buffer,
  entry: HeaderEntry,
  { place, entryCount, at }: { place: HeaderPlace; entryCount: number; at: number },
): void {
  if (entry.tag !== place.regionTag || entry.type !== 'bin' || entry.count !== regionBytes) {
    throw brokenHeader(
      place,
      at,
      `the first entry is ${entry.tag} and not the region ${place.regionTag} of 16 bytes.`,
    )
  }
  const trailerTag = bytes.readUInt32BE(entry.start)
  const covered = -bytes.readInt32BE(entry.start + 8) / entryBytes
  const isTrailer =
    trailerTag === place.regionTag &&
    bytes.readUInt32BE(entry.start + 4) === tagTypes.bin &&
    bytes.readUInt32BE(entry.start + 12) === regionBytes
  if (!isTrailer || !Number.isInteger(covered) || covered < 1 || covered > entryCount) {
    throw brokenHeader(
      place,
      entry.start,
      `the region's trailer is wrong (it covers ${covered} of ${entryCount} entries).`,
    )
  }
}
