import type { ByteStream } from '../../archive/compression.ts'
import type { Fragment } from '../repository-format.ts'
import { encoded } from './deb822.ts'
import { inBlocks } from './lines.ts'

/** How Contents names a package: `section/name`. */
export const contentsOwner = (name: string, section: string | undefined): string =>
  section === undefined ? name : `${section}/${name}`

export const nameOfOwner = (owner: string): string => owner.slice(owner.lastIndexOf('/') + 1)

/** The lines of one package: a path, white space, its owner. */
export const contentsLines = (owner: string, files: readonly string[]): Uint8Array =>
  Buffer.from(files.map((file) => `${file} ${owner}\n`).join(''))

/**
 * A line of Contents as Latin-1: a path, white space, and owners separated by commas; the path may hold spaces, so the
 * last white space separates.
 */
export interface ContentsLine {
  readonly path: string
  readonly owners: readonly string[]
}

export function parseContentsLine(bytes: Uint8Array): ContentsLine {
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').trimEnd()
  const found = /^(.*?)\s+(\S+)$/s.exec(line)
  return { path: found?.[1] ?? line, owners: (found?.[2] ?? '').split(',').filter((owner) => owner !== '') }
}

/** Without some owners; undefined when nobody is left. Foreign bytes stay where nothing changes. */
export function withoutOwners(fragment: Fragment, isGone: (owner: string) => boolean): Fragment | undefined {
  const { path, owners } = parseContentsLine(fragment.bytes)
  const kept = owners.filter((owner) => !isGone(owner))
  if (kept.length === owners.length) return fragment
  return kept.length === 0 ? undefined : { bytes: Buffer.from(`${path} ${kept.join(',')}\n`, 'latin1') }
}

/** Owners are compared as they stand in the file. */
export const encodedOwner = encoded

// Debian's was 1.5 kB.
const preambleSizeMax = 1 << 16

/** Old archives put free text before a line "FILE  LOCATION". */
export async function openContents(
  stream: ByteStream,
  where: string,
): Promise<{ readonly header: Uint8Array; readonly fragments: AsyncGenerator<Fragment> }> {
  const { head, rest } = await peek(stream, preambleSizeMax)
  const found = /^FILE[ \t]+LOCATION[ \t\r]*\n/m.exec(head.toString('latin1'))
  const end = found === null ? 0 : found.index + found[0].length
  return { header: head.subarray(0, end), fragments: lineFragments(joined(head.subarray(end), rest), where) }
}

function lineFragments(stream: ByteStream, where: string): AsyncGenerator<Fragment> {
  return inBlocks(stream, where, ({ bytes, text, isLast }, fragments: Fragment[]) => {
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      if (text.charCodeAt(start) > 0x20 || text.slice(start, end).trim() !== '') {
        fragments.push({ bytes: bytes.subarray(start, end + 1) })
      }
      start = end + 1
    }
    if (isLast && text.slice(start).trim() !== '') {
      fragments.push({ bytes: Buffer.concat([bytes.subarray(start), Buffer.from('\n')]) })
    }
    return start
  })
}

async function peek(
  stream: ByteStream,
  sizeBytes: number,
): Promise<{ readonly head: Buffer; readonly rest: AsyncIterator<Uint8Array> }> {
  const rest = stream[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  while (head.length < sizeBytes) {
    const { value, done } = await rest.next()
    if (done === true) break
    head = Buffer.concat([head, value])
  }
  return { head, rest }
}

async function* joined(head: Uint8Array, rest: AsyncIterator<Uint8Array>): ByteStream {
  yield head
  yield* { [Symbol.asyncIterator]: () => rest }
}
