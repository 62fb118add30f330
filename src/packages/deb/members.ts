import { type ArEntry, readAr } from '../../archive/ar.ts'
import { type ByteStream, type CompressionKind, compressionOfName } from '../../archive/compression.ts'
import { decompress, detectCompression } from '../../archive/decompress.ts'
import { UserError } from '../../errors.ts'

export interface DebHandlers {
  /** Called for control.tar and data.tar, before they are read. */
  compression?(kind: CompressionKind): void
  /** The decompressed control.tar. */
  control(tar: ByteStream): Promise<void>
  /** The decompressed data.tar; absent when the caller does not want it. */
  data?(tar: ByteStream): Promise<void>
  /** A member whose name begins with `_`, such as `_gpgorigin`. */
  extra?(name: string, body: ByteStream): Promise<void>
}

// 1 TiB: beyond every real package, below what fills a storage.
const dataSizeBytesMax = 2 ** 40
const controlSizeBytesMax = 64 << 20

/** Walks through a .deb in the order that dpkg prescribes (deb(5)), to its last byte. */
export async function walkDeb(stream: ByteStream, handlers: DebHandlers): Promise<void> {
  const expected = ['debian-binary', 'control.tar', 'data.tar']
  for await (const member of readAr(stream)) {
    if (member.name.startsWith('_') && expected[0] !== 'debian-binary') {
      await handlers.extra?.(member.name, member.body())
      continue
    }
    const wanted = expected.shift()
    // dpkg ignores what follows the data.
    if (wanted === undefined) continue
    if (!member.name.startsWith(wanted)) throw misplaced(member.name, wanted)
    if (wanted === 'debian-binary') {
      await checkVersion(member)
      continue
    }
    const kind = knownCompression(member)
    handlers.compression?.(kind)
    if (wanted === 'control.tar') await handlers.control(unpacked(member, kind, controlSizeBytesMax))
    if (wanted === 'data.tar') await handlers.data?.(unpacked(member, kind, dataSizeBytesMax))
  }
  if (expected[0] !== undefined) throw missing(expected[0])
}

async function checkVersion(member: ArEntry): Promise<void> {
  if (member.sizeBytes > 100) throw damaged('The part "debian-binary" is not a version.')
  let text = ''
  for await (const piece of member.body()) text += Buffer.from(piece).toString('latin1')
  if (/^2\.\d+\n/.test(text)) return
  throw new UserError(
    'DEB_VERSION',
    `The package has the format version "${text.trim()}", and 2.0 is known.`,
    {
      hint: 'Check that the file is a binary Debian package.',
    },
  )
}

function knownCompression({ name }: ArEntry): CompressionKind {
  const kind = compressionOfName(name)
  if (kind !== undefined) return kind
  throw new UserError(
    'DEB_COMPRESSION',
    `The part "${name}" of the package has a compression that is not known.`,
    { hint: 'Known are control.tar and data.tar, plain or with .gz, .xz or .zst.' },
  )
}

const unpacked = (member: ArEntry, kind: CompressionKind, sizeBytesMax: number): ByteStream =>
  decompress(checkedMagic(member, kind), kind, { sizeBytesMax })

/** A name that promises another compression than the bytes are gives a clear message. */
async function* checkedMagic(member: ArEntry, kind: CompressionKind): ByteStream {
  let isFirst = true
  for await (const piece of member.body()) {
    const found = detectCompression(piece)
    if (isFirst && kind !== found && piece.length >= 6) {
      throw damaged(
        `The part "${member.name}" at offset ${member.offset} is ${found === 'none' ? 'not' : found + ', not'} ${kind} data.`,
      )
    }
    isFirst = false
    yield piece
  }
}

function damaged(message: string): UserError {
  return new UserError('DEB_DAMAGED', message, { hint: 'Fetch or build the package again.' })
}

const misplaced = (found: string, wanted: string): UserError =>
  damaged(`The package has the part "${found}" where "${wanted}" must be.`)

const missing = (wanted: string): UserError => damaged(`The package has no part "${wanted}".`)
