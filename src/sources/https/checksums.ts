import { UserError } from '../../errors.ts'

/** What a publisher says the digest is. */
export interface Checksum {
  readonly algorithm: 'sha256' | 'sha384' | 'sha512'
  readonly hex: string
}

/** Digits of the digest → what made it. Weaker ones are missing on purpose: files can be forged to fit them. */
const algorithms: { readonly [digits: number]: Checksum['algorithm'] | undefined } = {
  64: 'sha256',
  96: 'sha384',
  128: 'sha512',
}

interface Line {
  readonly hex: string
  /** Undefined: the digest stands alone. */
  readonly name: string | undefined
}

/** `HEX  NAME` and `HEX *NAME` (coreutils), `SHA256 (NAME) = HEX` (BSD), `HEX` alone. */
function readLine(text: string): Line | undefined {
  const bsd = /^SHA\d*-?\d+ ?\((.+)\) ?= ?([0-9a-f]+)$/i.exec(text)
  if (bsd !== null) return { name: bsd[1], hex: (bsd[2] ?? '').toLowerCase() }
  const [, hex, name] = /^\\?([0-9a-f]{32,})(?:[ \t]+\*?(.+))?$/i.exec(text) ?? []
  return hex === undefined ? undefined : { hex: hex.toLowerCase(), name }
}

/** The digest of the named file in a publisher's list. `from`: the list's address, for messages. */
export function checksumOf(list: string, name: string, from: string): Checksum {
  const lines = list.split(/\r?\n/).flatMap((text) => readLine(text.trim()) ?? [])
  const alone = lines.length === 1 && lines[0]?.name === undefined
  const named = alone ? lines : lines.filter((line) => baseName(line.name) === name)
  const digests = [...new Set(named.map(({ hex }) => hex))]
  const strong = digests.flatMap((hex) => {
    const algorithm = algorithms[hex.length]
    return algorithm === undefined ? [] : [{ algorithm, hex }]
  })
  const [first] = strong
  if (first === undefined) throw digests.length > 0 ? tooWeak(from, digests) : notListed(from, name, lines)
  const other = strong.find(({ algorithm, hex }) => algorithm === first.algorithm && hex !== first.hex)
  if (other !== undefined) throw listedTwice(from, name)
  return strong.find(({ algorithm }) => algorithm === 'sha256') ?? first
}

const baseName = (path: string | undefined): string | undefined => path?.split('/').at(-1)

const notListed = (from: string, name: string, lines: readonly Line[]): UserError =>
  lines.length === 0
    ? new UserError('SOURCE_CHECKSUMS', `${from} holds no checksums.`, {
        hint: 'Name a file as sha256sum writes it ("HEX  NAME"), as BSD tools do ("SHA256 (NAME) = HEX"), or with the digest alone.',
      })
    : new UserError('SOURCE_CHECKSUMS', `${from} does not list "${name}".`, {
        hint: `It lists ${lines
          .slice(0, 5)
          .map((line) => line.name ?? line.hex.slice(0, 12))
          .join(', ')}${lines.length > 5 ? ', …' : ''}. Check the address, and the version in it.`,
      })

const tooWeak = (from: string, digests: readonly string[]): UserError =>
  new UserError(
    'SOURCE_CHECKSUMS',
    `${from} has a digest of ${digests[0]?.length} hex digits, which is no SHA-256, SHA-384 or SHA-512.`,
    { hint: 'Files can be forged to fit MD5 and SHA-1. Name other checksums, or a signature of the file.' },
  )

const listedTwice = (from: string, name: string): UserError =>
  new UserError('SOURCE_CHECKSUMS', `${from} lists "${name}" twice, with different digests.`, {
    hint: 'Name the list of one version only.',
  })
