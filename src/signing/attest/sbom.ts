import { createHash } from 'node:crypto'
import { UserError } from '../../errors.ts'
import { canonicalJson } from '../../lib/json.ts'

/** What a component is for its users: "application" is also a whole release, "package" one that a system installs. */
export type ComponentType = 'application' | 'library' | 'package' | 'image' | 'file'

export interface FileInside {
  /** Where it lands, such as "/usr/bin/app". */
  readonly path: string
  /** Hex. SPDX wants both. */
  readonly sha1: string
  readonly sha256: string
}

export interface SbomComponent {
  /** Unique in the document and the same in every run: a package URL, or a path. */
  readonly id: string
  readonly type: ComponentType
  readonly name: string
  readonly version?: string
  readonly purl?: string
  readonly description?: string
  /** Who ships it. */
  readonly supplier?: string
  /** Hex of the digests of its file. */
  readonly digests?: { readonly sha1?: string; readonly sha256?: string; readonly sha512?: string }
  /** SPDX expressions, or other names of licences. All of them hold. */
  readonly licenses?: readonly string[]
  readonly files?: readonly FileInside[]
}

export interface SbomRelation {
  readonly from: string
  readonly kind: 'contains' | 'depends on'
  readonly to: string
}

/** A bill of materials: one subject, what it contains and what it needs. */
export interface Sbom {
  readonly subject: SbomComponent
  readonly components: readonly SbomComponent[]
  readonly relations: readonly SbomRelation[]
  /** The time of the commit: when this is made does not matter. */
  readonly date: Date
  /** Of Hawser. */
  readonly toolVersion: string
}

/** The same in the order in which it is written, with ids that point somewhere. Bytes decide the order, no locale. */
export function orderedSbom(sbom: Sbom): Sbom {
  const components = [...sbom.components].sort(by(({ id }) => id)).map(ordered)
  const ids = new Set([sbom.subject.id, ...components.map(({ id }) => id)])
  if (ids.size !== components.length + 1) throw twice(duplicateOf(sbom))
  const lost = sbom.relations.flatMap(({ from, to }) => [from, to]).find((id) => !ids.has(id))
  if (lost !== undefined) throw unrelated(lost)
  const relations = new Map(sbom.relations.map((relation) => [canonicalJson(relation), relation]))
  return {
    ...sbom,
    subject: ordered(sbom.subject),
    components,
    relations: [...relations].sort(by(([key]) => key)).map(([, relation]) => relation),
  }
}

/** Equal content has an equal number: a UUID of version 8 (RFC 9562, 5.8), made of what is written. */
export function uuidOf(sbom: Sbom, form: string): string {
  const hash = createHash('sha256').update(
    `${form}\0${canonicalJson({ ...sbom, date: sbom.date.toISOString() })}`,
  )
  const bytes = hash.digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function ordered(component: SbomComponent): SbomComponent {
  const { files, licenses } = component
  return {
    ...component,
    ...(files !== undefined && { files: [...files].sort(by(({ path }) => path)) }),
    ...(licenses !== undefined && { licenses: [...new Set(licenses)].sort() }),
  }
}

export const by =
  <Item>(keyOf: (item: Item) => string) =>
  (a: Item, b: Item): number => {
    const [keyA, keyB] = [keyOf(a), keyOf(b)]
    if (keyA === keyB) return 0
    return keyA < keyB ? -1 : 1
  }

function duplicateOf({ subject, components }: Sbom): string {
  const seen = new Set([subject.id])
  for (const { id } of components) {
    if (seen.has(id)) return id
    seen.add(id)
  }
  return ''
}

function twice(id: string): UserError {
  return new UserError('SBOM_TWICE', `The bill of materials has "${id}" twice.`, {
    hint: 'Two packages with the same name, version and architecture cannot be told apart: leave one out.',
  })
}

function unrelated(id: string): UserError {
  return new UserError('SBOM_RELATION', `The bill of materials relates "${id}", which is not in it.`, {
    hint: 'A dependency on something outside must be listed as a component too.',
  })
}
