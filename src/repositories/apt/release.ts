import { UserError } from '../../errors.ts'
import { decoded, encoded, type Field, paragraphsOf, parseFields, renderFields } from './deb822.ts'

/** In the order of strength: apt checks, and asks by-hash for, the last one that is listed. */
export const hashFields = { MD5Sum: 'md5', SHA1: 'sha1', SHA256: 'sha256', SHA512: 'sha512' } as const
export type HashField = keyof typeof hashFields
export type HashName = (typeof hashFields)[HashField]
export const hashFieldNames = ['MD5Sum', 'SHA1', 'SHA256', 'SHA512'] as const satisfies readonly HashField[]

export interface ListedFile {
  readonly sizeBytes: number
  readonly hashes: { readonly [name in HashName]?: string }
}

/** Release(5): fields in their order, also those that we do not know, and the files that it vouches for. */
export interface Release {
  readonly fields: readonly Field[]
  /** Path below dists/<suite> → what is listed. */
  readonly files: ReadonlyMap<string, ListedFile>
  /** The hash sections that it has. */
  readonly sections: readonly HashField[]
}

export const emptyRelease: Release = { fields: [], files: new Map(), sections: [] }

export function parseRelease(text: string, path: string): Release {
  const [paragraph, ...more] = paragraphsOf(encoded(text))
  const fields = paragraph === undefined ? undefined : parseFields(paragraph)
  if (fields === undefined || more.length > 0) throw unreadable(path, 'it is not one paragraph of fields')
  const files = new Map<string, ListedFile>()
  const sections: HashField[] = []
  const plain: Field[] = []
  for (const field of fields) {
    const section = hashFieldNames.find((name) => name.toLowerCase() === field.name.toLowerCase())
    if (section === undefined) {
      plain.push(field)
      continue
    }
    sections.push(section)
    for (const line of field.value.split('\n')) if (line.trim() !== '') addLine(files, section, line, path)
  }
  return { fields: plain, files, sections }
}

function addLine(files: Map<string, ListedFile>, section: HashField, line: string, path: string): void {
  const [hash = '', size = '', ...rest] = line.trim().split(/\s+/)
  const name = decoded(rest.join(' '))
  if (!/^[0-9a-fA-F]+$/.test(hash) || !/^\d{1,15}$/.test(size) || name === '') {
    throw unreadable(path, `its ${section} section has the line ${JSON.stringify(decoded(line))}`)
  }
  const known = files.get(name)
  if (known !== undefined && known.sizeBytes !== Number(size)) {
    throw unreadable(path, `it lists "${name}" with two sizes`)
  }
  const hashes = { ...known?.hashes, [hashFields[section]]: hash.toLowerCase() }
  files.set(name, { sizeBytes: Number(size), hashes })
}

const unreadable = (path: string, why: string): UserError =>
  new UserError('APT_RELEASE', `${path} is not a readable Release file: ${why}.`, {
    hint: 'The file is damaged, or something else is at this path. Restore it from a backup, or use another path.',
  })

export const releaseValue = ({ fields }: Release, name: string): string | undefined => {
  const found = fields.find((field) => field.name.toLowerCase() === name.toLowerCase())
  return found === undefined ? undefined : decoded(found.value)
}

export const releaseWords = (release: Release, name: string): readonly string[] =>
  (releaseValue(release, name) ?? '').split(/\s+/).filter((word) => word !== '')

/** Clients ask for indexes by digest, under names that never change. */
export const hasByHash = (release: Release): boolean =>
  releaseValue(release, 'Acquire-By-Hash')?.toLowerCase() === 'yes'

export function renderRelease({ fields, files, sections }: Release): string {
  const rendered = sections.map((section) => ({ name: section, value: renderSection(files, section) }))
  return `${decoded(renderFields([...fields, ...rendered]))}\n`
}

function renderSection(files: Release['files'], section: HashField): string {
  const lines = [...files].flatMap(([name, { sizeBytes, hashes }]) => {
    const hash = hashes[hashFields[section]]
    return hash === undefined
      ? []
      : [{ name, line: `\n ${hash} ${String(sizeBytes).padStart(16)} ${encoded(name)}` }]
  })
  return lines
    .toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
    .map(({ line }) => line)
    .join('')
}

/** Milliseconds since 1970; undefined where the field is absent or no date. */
export function timeOf(release: Release | undefined, field: string): number | undefined {
  const value = release === undefined ? undefined : releaseValue(release, field)
  const time = value === undefined ? Number.NaN : Date.parse(value)
  return Number.isNaN(time) ? undefined : time
}
