import type { GenerationRef } from '../generation.ts'
import type { IndexName } from '../repository-format.ts'
import { encoded, type Field } from './deb822.ts'
import { indexOfForm, packagesIndexParts } from './layout.ts'
import { type Release, releaseWords, timeOf } from './release.ts'

/** What hawser.yaml says about a suite; what it does not say stays as it is in an existing repository. */
export interface SuiteOptions {
  readonly suite: string
  readonly component: string
  readonly codename?: string | undefined
  readonly architectures?: readonly string[] | undefined
  readonly origin?: string | undefined
  readonly label?: string | undefined
  readonly version?: string | undefined
  readonly description?: string | undefined
  readonly notAutomatic?: boolean | undefined
  readonly butAutomaticUpgrades?: boolean | undefined
  readonly validDays?: number | undefined
  readonly pinKeys?: boolean | undefined
}

const architecturesDefault = ['amd64', 'arm64']

/** Of the component's indexes: what is declared, what is there, what is added. `all` has no index of its own by default. */
export function architecturesOf(
  { architectures, component }: Pick<SuiteOptions, 'architectures' | 'component'>,
  existing: Release | undefined,
  added: readonly string[],
): readonly string[] {
  const there =
    existing === undefined
      ? undefined
      : [
          ...releaseWords(existing, 'Architectures'),
          ...indexedArchitectures(existing.files.keys(), component),
        ]
  const base = [...(there ?? []), ...(architectures ?? (there === undefined ? architecturesDefault : []))]
  return [...new Set([...base, ...added].filter(isIndexed))].toSorted()
}

/** Architectures that a package index stands for; the other words are wildcards and sources. */
export const isIndexed = (architecture: string): boolean =>
  architecture !== 'all' && architecture !== 'source' && architecture !== 'any'

/** The architectures that have an index among these; without `component` in any one. */
export function indexedArchitectures(paths: Iterable<string>, component?: string): readonly string[] {
  const found = [...paths].map((path) => packagesIndexParts(indexOfForm(path)))
  return found.flatMap((parts) =>
    parts === undefined || (component !== undefined && parts.component !== component)
      ? []
      : [parts.architecture],
  )
}

export interface ReleaseOptions extends SuiteOptions {
  readonly isFlat: boolean
}

export interface FieldsContext {
  readonly existing: Release | undefined
  /** Names of all indexes that Release will list and that we extend. */
  readonly indexes: Iterable<IndexName>
  readonly generation: GenerationRef
  readonly date: Date
  readonly fingerprints: readonly string[]
}

/** Of ours: it makes the signature of Release cover the record of the generation, and through it the whole history. */
export const generationField = 'Hawser-Generation'

/** The fields of the new Release: unknown and foreign ones keep their place and value. */
export function releaseFields(options: ReleaseOptions, context: FieldsContext): readonly Field[] {
  const { existing } = context
  const wanted = wantedFields(options, context).filter(({ value }) => value !== undefined)
  const fields = (existing?.fields ?? []).map((field) => {
    const change = wanted.find(({ name }) => name.toLowerCase() === field.name.toLowerCase())
    return change?.value === undefined ? field : { name: field.name, value: encoded(change.value) }
  })
  const isThere = (name: string): boolean =>
    fields.some((field) => field.name.toLowerCase() === name.toLowerCase())
  const added = wanted.flatMap(({ name, value }) =>
    value === undefined || isThere(name) ? [] : [{ name, value: encoded(value) }],
  )
  return [...fields, ...added]
}

function wantedFields(
  options: ReleaseOptions,
  { existing, indexes, generation, date, fingerprints }: FieldsContext,
): readonly { readonly name: string; readonly value: string | undefined }[] {
  const architectures = indexedArchitectures(indexes).filter(isIndexed).toSorted()
  return [
    { name: 'Origin', value: options.origin },
    { name: 'Label', value: options.label },
    // The folder of a suite is often its codename, so an existing Suite field is right already.
    { name: 'Suite', value: existing === undefined && options.suite !== './' ? options.suite : undefined },
    { name: 'Codename', value: options.codename },
    { name: 'Version', value: options.version },
    { name: 'Date', value: releaseDate(date) },
    { name: 'Valid-Until', value: validUntil(options, existing, date) },
    { name: 'NotAutomatic', value: yesOrNo(options.notAutomatic) },
    { name: 'ButAutomaticUpgrades', value: yesOrNo(options.butAutomaticUpgrades) },
    { name: 'Acquire-By-Hash', value: 'yes' },
    { name: generationField, value: `${generation.sequence} ${generation.sha256}` },
    {
      name: 'Signed-By',
      value: options.pinKeys === true && fingerprints.length > 0 ? fingerprints.join(',') : undefined,
    },
    { name: 'Architectures', value: union(existing, 'Architectures', architectures) },
    {
      name: 'Components',
      value: options.isFlat ? undefined : union(existing, 'Components', [options.component]),
    },
    { name: 'Description', value: options.description },
  ]
}

function yesOrNo(flag: boolean | undefined): string | undefined {
  if (flag === undefined) return undefined
  return flag ? 'yes' : 'no'
}

function union(existing: Release | undefined, field: string, added: readonly string[]): string | undefined {
  const kept = existing === undefined ? [] : releaseWords(existing, field)
  return [...new Set([...kept, ...added])].join(' ') || undefined
}

/** An existing repository that expires goes on expiring after the same span. */
function validUntil(
  { validDays }: SuiteOptions,
  existing: Release | undefined,
  date: Date,
): string | undefined {
  if (validDays !== undefined) return releaseDate(new Date(date.getTime() + validDays * 24 * 3600 * 1000))
  const [from, until] = [timeOf(existing, 'Date'), timeOf(existing, 'Valid-Until')]
  if (from === undefined || until === undefined) return undefined
  return releaseDate(new Date(date.getTime() + (until - from)))
}

/** Clients refuse an index that is older than the one they have, so the date never goes back. */
export function dateOf(existing: Release | undefined, wanted: Date): Date {
  const seconds = Math.floor(wanted.getTime() / 1000) * 1000
  return new Date(Math.max(seconds, timeOf(existing, 'Date') ?? seconds))
}

/** RFC 5322 with "UTC", as Debian's own archive writes it. */
const releaseDate = (date: Date): string => date.toUTCString().replace(/GMT$/, 'UTC')
