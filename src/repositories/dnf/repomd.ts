import { UserError } from '../../errors.ts'
import { pathOfLocation } from './location.ts'
import { readXml, type XmlElement } from './xml-elements.ts'
import { xmlAttributes, xmlElement } from './xml-escape.ts'

export const repomdPath = 'repodata/repomd.xml'

const namespaces = {
  xmlns: 'http://linux.duke.edu/metadata/repo',
  'xmlns:rpm': 'http://linux.duke.edu/metadata/rpm',
}

/** One metadata file as repomd.xml describes it. */
export interface MetadataRecord {
  readonly type: string
  readonly checksum: Checksum
  readonly openChecksum: Checksum | undefined
  /** In the storage, or a URL when it is elsewhere. */
  readonly path: string
  readonly isElsewhere: boolean
  readonly timestamp: number | undefined
  readonly sizeBytes: number | undefined
  readonly openSizeBytes: number | undefined
  /** The whole `<data>`, as it stands. */
  readonly raw: string
}

export interface Checksum {
  readonly type: string
  /** Hex. */
  readonly value: string
}

export interface Repomd {
  readonly revision: string | undefined
  /** Attributes of the root beyond the usual two: namespaces that carried elements may need. */
  readonly rootAttributes: Readonly<Record<string, string>>
  readonly records: readonly MetadataRecord[]
  /** Everything else: `<tags>`, `<repoid>` and what we do not know, as it stands. */
  readonly others: readonly { readonly name: string; readonly raw: string }[]
}

/** Parts of a `<data>` that we read. */
const recordParts = ['checksum', 'open-checksum', 'location', 'timestamp', 'size', 'open-size']

export async function parseRepomd(bytes: Uint8Array): Promise<Repomd> {
  const shape = { where: repomdPath, root: 'repomd', namespace: namespaces.xmlns, parts: recordParts }
  const { rootAttributes, elements } = await readXml(once(bytes), shape)
  const revision = elements.find(({ name }) => name === 'revision')
  const others = elements.filter(({ name }) => name !== 'revision' && name !== 'data')
  return {
    // A revision is one word of text; its markup is all that needs to go.
    revision: revision?.raw.replace(/<[^>]*>/g, '').trim(),
    rootAttributes: foreignAttributes(rootAttributes),
    records: elements.filter(({ name }) => name === 'data').map(recordOf),
    others: others.map(({ name, raw }) => ({ name, raw })),
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function foreignAttributes(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const own: Readonly<Record<string, string>> = namespaces
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !(name in own)))
}

function recordOf(element: XmlElement): MetadataRecord {
  const type = element.attributes['type'] ?? ''
  const where = `The record "${type}" of ${repomdPath}`
  const location = element.parts.get('location')?.attributes ?? {}
  const checksum = checksumOf(element, 'checksum', where)
  if (type === '' || checksum === undefined) throw incomplete(where, type === '' ? 'type' : 'checksum')
  const href = location['href']
  if (href === undefined) throw incomplete(where, 'location')
  return {
    type,
    checksum,
    openChecksum: checksumOf(element, 'open-checksum', where),
    ...pathOfLocation(href, location['xml:base'], where),
    timestamp: numberOf(element, 'timestamp', where),
    sizeBytes: numberOf(element, 'size', where),
    openSizeBytes: numberOf(element, 'open-size', where),
    raw: element.raw,
  }
}

function checksumOf(element: XmlElement, name: string, where: string): Checksum | undefined {
  const part = element.parts.get(name)
  if (part === undefined) return undefined
  const value = part.text.trim().toLowerCase()
  const type = part.attributes['type'] ?? ''
  if (!/^[0-9a-f]{32,128}$/.test(value) || type === '') throw incomplete(where, name)
  return { type, value }
}

function numberOf(element: XmlElement, name: string, where: string): number | undefined {
  const text = element.parts.get(name)?.text.trim()
  if (text === undefined || text === '') return undefined
  // createrepo took fractions of a second into its timestamps for a while.
  const value = Number(name === 'timestamp' ? text.replace(/\.\d*$/, '') : text)
  if (!Number.isSafeInteger(value) || value < 0) throw incomplete(where, name)
  return value
}

function incomplete(where: string, part: string): UserError {
  return new UserError('DNF_REPOMD_INCOMPLETE', `${where} has no usable "${part}".`, {
    hint: 'Repair the repository with the tool that wrote it, then publish again.',
  })
}

/** Seconds since 1970: the newest of what the repository says of its age, 0 when it says nothing. */
export function latestTimestamp(repomd: Repomd | undefined): number {
  const revision = /^\d{1,11}$/.test(repomd?.revision ?? '') ? Number(repomd?.revision) : 0
  return Math.max(revision, ...(repomd?.records.map(({ timestamp }) => timestamp ?? 0) ?? []))
}

/** In the order of createrepo_c: revision, other elements, records. */
export function renderRepomd(repomd: {
  readonly revision: string
  readonly rootAttributes: Readonly<Record<string, string>>
  readonly others: readonly string[]
  readonly records: readonly string[]
}): string {
  const parts = [`<revision>${repomd.revision}</revision>`, ...repomd.others, ...repomd.records]
  const root = xmlAttributes({ ...namespaces, ...repomd.rootAttributes })
  const body = parts.map((part) => `  ${part}\n`).join('')
  return `<?xml version="1.0" encoding="UTF-8"?>\n<repomd${root}>\n${body}</repomd>\n`
}

export function renderRecord(record: Omit<MetadataRecord, 'raw' | 'isElsewhere'>): string {
  const { openChecksum } = record
  const lines = [
    xmlElement('checksum', record.checksum.value, { type: record.checksum.type }),
    openChecksum && xmlElement('open-checksum', openChecksum.value, { type: openChecksum.type }),
    xmlElement('location', undefined, { href: record.path }),
    record.timestamp !== undefined && xmlElement('timestamp', String(record.timestamp)),
    record.sizeBytes !== undefined && xmlElement('size', String(record.sizeBytes)),
    record.openSizeBytes !== undefined && xmlElement('open-size', String(record.openSizeBytes)),
  ]
  const body = lines.filter((line) => typeof line === 'string').map((line) => `    ${line}\n`)
  return `<data${xmlAttributes({ type: record.type })}>\n${body.join('')}  </data>`
}
