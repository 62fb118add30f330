import type { TagValues } from './encode-header.ts'
import type { HeaderTag } from './tags.ts'

/** The preamble's words that may be given as free fields; everything else has a member of the spec. */
const fieldTagNames: { readonly [field: string]: HeaderTag } = {
  BugURL: 'bugUrl',
  Distribution: 'distribution',
  DistTag: 'distTag',
  DistURL: 'distUrl',
  Group: 'group',
  ModularityLabel: 'modularityLabel',
  Packager: 'packager',
  Prefixes: 'prefixes',
  VCS: 'vcs',
}

/** The one field that is a relation: the reverse of "recommends". */
export const supplementsField = 'Supplements'

export const knownFields: readonly string[] = [...Object.keys(fieldTagNames), supplementsField].sort()

export function fieldTags(fields: { readonly [name: string]: string }): TagValues<HeaderTag> {
  let tags: TagValues<HeaderTag> = {}
  for (const [field, value] of Object.entries(fields)) {
    if (field === supplementsField) continue
    const tag = Object.hasOwn(fieldTagNames, field) ? fieldTagNames[field] : undefined
    if (tag === undefined) throw new Error(`The field "${field}" has passed the findings`)
    tags = { ...tags, [tag]: tag === 'prefixes' ? value.split(/\s+/) : value }
  }
  return tags
}
