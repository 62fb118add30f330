import type { ByteStream } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'
import type { Fragment, IndexName, PackageEntry } from '../repository-format.ts'
import { decoded } from './deb822.ts'
import { type Block, inBlocks } from './lines.ts'

/** A paragraph of Packages with one empty line behind it, which separates it from the next. */
export interface PackagesFragment extends Fragment {
  readonly entry: PackageEntry
}

/**
 * The paragraphs of a Packages index, each with its own bytes whatever they are; what stands between them becomes one
 * empty line. Works on a million of them without holding more than a few.
 */
export function packagesFragments(
  stream: ByteStream,
  index: IndexName,
  where: string,
): AsyncGenerator<PackagesFragment> {
  const place = { listedIn: [index], where, count: 0 }
  return inBlocks(stream, where, (block, fragments: PackagesFragment[]) =>
    takeParagraphs(block, fragments, place),
  )
}

/** One paragraph that is known to be one. */
export function packagesFragment(paragraph: Uint8Array, index: IndexName, where: string): PackagesFragment {
  const bytes = Buffer.from(paragraph)
  const fragments: PackagesFragment[] = []
  const block = { bytes, text: bytes.toString('latin1'), isLast: true }
  takeParagraphs(block, fragments, { listedIn: [index], where, count: 0 })
  const [fragment, second] = fragments
  if (fragment === undefined || second !== undefined) throw new Error(`${where} is not one paragraph`)
  return fragment
}

interface Place {
  readonly listedIn: readonly IndexName[]
  readonly where: string
  count: number
}

/** Where the values of one paragraph begin and end. */
interface Scan {
  readonly start: number
  readonly spans: Map<Wanted, readonly [number, number]>
  isBroken: boolean
}

function takeParagraphs(block: Block, fragments: PackagesFragment[], place: Place): number {
  const { text, isLast } = block
  let open: Scan | undefined
  let used = 0
  for (let position = 0; position < text.length; ) {
    const newline = text.indexOf('\n', position)
    if (newline === -1 && !isLast) break
    const end = newline === -1 ? text.length : newline
    const next = newline === -1 ? end : end + 1
    if (isBlank(text, position, end)) {
      if (open !== undefined) fragments.push(fragmentOf(block, open, position, next, place))
      open = undefined
      used = next
    } else {
      open ??= { start: position, spans: new Map(), isBroken: false }
      scanLine(text, position, end, open)
    }
    position = next
  }
  if (!isLast) return used
  if (open !== undefined) fragments.push(fragmentOf(block, open, text.length, text.length, place))
  return text.length
}

/** apt separates paragraphs at lines that are empty or only white space. */
function isBlank(text: string, start: number, end: number): boolean {
  for (let position = start; position < end; position += 1) {
    const code = text.charCodeAt(position)
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d) return false
  }
  return true
}

const wanted = [
  'package',
  'version',
  'architecture',
  'filename',
  'size',
  'sha256',
  'sha512',
  'sha1',
  'md5sum',
] as const
type Wanted = (typeof wanted)[number]
const wantedLengths = new Set(wanted.map(({ length }) => length))

function scanLine(text: string, start: number, end: number, scan: Scan): void {
  const first = text.charCodeAt(start)
  if (first === 0x20 || first === 0x09) {
    if (start === scan.start) scan.isBroken = true
    return
  }
  const colon = text.indexOf(':', start)
  if (colon <= start || colon >= end) {
    scan.isBroken = true
    return
  }
  if (!wantedLengths.has(colon - start)) return
  const lower = text.slice(start, colon).toLowerCase()
  const name = wanted.find((candidate) => candidate === lower)
  if (name !== undefined && !scan.spans.has(name)) scan.spans.set(name, [colon + 1, end])
}

function fragmentOf(block: Block, scan: Scan, end: number, next: number, place: Place): PackagesFragment {
  place.count += 1
  const { name, version, architecture, path, size, digest } = valuesOf(block, scan)
  const complain = (why: string): UserError => unreadable(place, why)
  if (scan.isBroken) throw complain('it has a line that is not a field')
  if (name === '') throw complain('it has no "Package" field')
  if (path === '') throw complain(`"${name}" has no "Filename" field`)
  if (!/^\d{1,15}$/.test(size)) throw complain(`"${name}" has the size ${JSON.stringify(size)}`)
  return {
    bytes: bytesOf(block, scan.start, end, next),
    entry: {
      name,
      version,
      architecture,
      path,
      sizeBytes: Number(size),
      sha256: digest,
      listedIn: place.listedIn,
    },
  }
}

function valuesOf({ bytes }: Block, { spans }: Scan) {
  const value = (field: Wanted): string => {
    const span = spans.get(field)
    // From the bytes, since a part of `text` would keep all of it in memory.
    return span === undefined ? '' : decoded(bytes.toString('latin1', ...span).trim())
  }
  return {
    name: value('package'),
    version: value('version'),
    architecture: value('architecture'),
    // apt-ftparchive writes "./pool/…" when it is called so.
    path: value('filename').replace(/^(\.\/+)+/, ''),
    size: value('size'),
    digest: digestOf(value),
  }
}

/** Another algorithm than SHA-256 keeps its name, so that it can never be taken for a SHA-256. */
function digestOf(value: (field: Wanted) => string): string {
  const sha256 = value('sha256').toLowerCase()
  if (sha256 !== '') return sha256
  for (const field of ['sha512', 'sha1', 'md5sum'] as const) {
    const digest = value(field).toLowerCase()
    if (digest !== '') return `${field === 'md5sum' ? 'md5' : field}:${digest}`
  }
  return ''
}

/** No copy in the usual case: one empty line behind the paragraph. */
function bytesOf({ bytes }: Block, start: number, end: number, next: number): Uint8Array {
  if (next === end + 1 && bytes[end - 1] === 0x0a) return bytes.subarray(start, next)
  const paragraph = bytes.subarray(start, end)
  const separator = paragraph.at(-1) === 0x0a ? '\n' : '\n\n'
  return Buffer.concat([paragraph, Buffer.from(separator)])
}

const unreadable = ({ where, count }: Place, why: string): UserError =>
  new UserError('APT_PACKAGES', `Paragraph ${count} of ${where} cannot be understood: ${why}.`, {
    hint: 'The index fits its Release file, so it was published like this. Repair it with the tool that wrote it.',
  })
