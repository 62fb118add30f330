import { UserError } from '../../errors.ts'
import type { PackageEntry } from '../repository-format.ts'
import { decoded, paragraphsOf } from './deb822.ts'

/** A paragraph of Packages: its own bytes, and what we understand of it. */
export interface Stanza {
  /** Latin-1, without the empty line behind it. */
  readonly text: string
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly path: string
  readonly sizeBytes: number
  /** Empty where only weaker digests are listed. */
  readonly sha256: string
}

/**
 * Parses an index unless it is the one parsed last: a publish reads the same text several times, and in a large
 * repository parsing is most of the work. Texts are compared whole, so nothing is taken on trust.
 */
export function packagesParser(): (text: string, path: string) => readonly Stanza[] {
  const last = new Map<string, { readonly text: string; readonly stanzas: readonly Stanza[] }>()
  return (text, path) => {
    const known = last.get(path)
    if (known?.text === text) return known.stanzas
    const stanzas = parsePackages(text, path)
    last.set(path, { text, stanzas })
    return stanzas
  }
}

export function parsePackages(text: string, path: string): readonly Stanza[] {
  return paragraphsOf(text).map((paragraph, index) => parseStanza(paragraph, path, index + 1))
}

export function parseStanza(text: string, path: string, number: number): Stanza {
  const value = scanStanza(text)
  if (value === undefined) throw unreadable(path, number, 'it has a line that is not a field')
  const { package: name = '', version = '', architecture = '', filename = '', size = '', sha256 = '' } = value
  if (name === '') throw unreadable(path, number, 'it has no "Package" field')
  if (filename === '') throw unreadable(path, number, `"${name}" has no "Filename" field`)
  if (!/^\d{1,15}$/.test(size))
    throw unreadable(path, number, `"${name}" has the size ${JSON.stringify(size)}`)
  return {
    text,
    name,
    version,
    architecture,
    // apt-ftparchive writes "./pool/…" when it is called so.
    path: filename.replace(/^(\.\/+)+/, ''),
    sizeBytes: Number(size),
    sha256: sha256.toLowerCase(),
  }
}

const wanted = ['package', 'version', 'architecture', 'filename', 'size', 'sha256'] as const
type Wanted = (typeof wanted)[number]

/** Like `parseFields`, but only for the fields that every stanza is asked for; undefined for what is no stanza. */
function scanStanza(text: string): { readonly [name in Wanted]?: string } | undefined {
  const found: { [name in Wanted]?: string } = {}
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    const first = text.charCodeAt(start)
    const isContinuation = first === 0x20 || first === 0x09
    if (isContinuation && start === 0) return undefined
    if (!isContinuation) {
      const colon = text.indexOf(':', start)
      if (colon <= start || colon > end) return undefined
      // No wanted field has a longer name, so most lines end here.
      if (colon - start <= 'architecture'.length) {
        const lower = text.slice(start, colon).toLowerCase()
        const name = wanted.find((candidate) => candidate === lower)
        if (name !== undefined) found[name] ??= decoded(text.slice(colon + 1, end).trim())
      }
    }
    start = end + 1
  }
  return found
}

const unreadable = (path: string, number: number, why: string): UserError =>
  new UserError('APT_PACKAGES', `Paragraph ${number} of ${path} cannot be understood: ${why}.`, {
    hint: 'The index fits its Release file, so it was published like this. Repair it with the tool that wrote it.',
  })

/** Sorted, so that the order in which publishers came does not show in the bytes. */
export function mergeStanzas(existing: readonly Stanza[], added: readonly Stanza[]): readonly Stanza[] {
  const known = new Set(existing.map(identityOf))
  const all = [...existing, ...added.filter((stanza) => !known.has(identityOf(stanza)))]
  return all.toSorted(
    (a, b) => compare(a.name, b.name) || compare(a.version, b.version) || compare(a.path, b.path),
  )
}

const identityOf = ({ name, version, architecture, sha256 }: Stanza): string =>
  [name, version, architecture, sha256].join('\n')

const compare = (a: string, b: string): number => {
  if (a === b) return 0
  return a < b ? -1 : 1
}

export const renderPackages = (stanzas: readonly Stanza[]): string =>
  stanzas.map(({ text }) => `${text}\n\n`).join('')

/** Each entry once, with all the indexes that list it. */
export function entriesOf(packages: ReadonlyMap<string, readonly Stanza[]>): readonly PackageEntry[] {
  const entries = new Map<string, PackageEntry & { readonly listedIn: string[] }>()
  for (const [index, stanzas] of packages) {
    const listed = index.replace(/\/Packages$/, '')
    for (const { text: _, ...entry } of stanzas) {
      const key = [entry.name, entry.version, entry.architecture, entry.sha256, entry.path].join('\n')
      const known = entries.get(key)
      if (known === undefined) entries.set(key, { ...entry, listedIn: [listed] })
      else known.listedIn.push(listed)
    }
  }
  return [...entries.values()]
}
