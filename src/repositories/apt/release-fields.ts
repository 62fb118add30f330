import { encoded, type Field } from './deb822.ts'
import { type Release, releaseValue, releaseWords } from './release.ts'

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
  { architectures }: SuiteOptions,
  existing: Release | undefined,
  added: readonly string[],
): readonly string[] {
  const there = existing === undefined ? undefined : releaseWords(existing, 'Architectures')
  const base = [...(there ?? []), ...(architectures ?? (there === undefined ? architecturesDefault : []))]
  const names = [...base, ...added].filter((name) => name !== 'all' && name !== 'source' && name !== 'any')
  return [...new Set(names)].toSorted()
}

export interface FieldsContext {
  readonly existing: Release | undefined
  readonly architectures: readonly string[]
  readonly date: Date
  readonly fingerprints: readonly string[]
}

/** The fields of the new Release: unknown and foreign ones keep their place and value. */
export function releaseFields(options: SuiteOptions, context: FieldsContext): readonly Field[] {
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
  options: SuiteOptions,
  { existing, architectures, date, fingerprints }: FieldsContext,
): readonly { readonly name: string; readonly value: string | undefined }[] {
  const kept = existing === undefined ? [] : releaseWords(existing, 'Architectures')
  const components = existing === undefined ? [] : releaseWords(existing, 'Components')
  return [
    { name: 'Origin', value: options.origin },
    { name: 'Label', value: options.label },
    // The folder of a suite is often its codename, so an existing Suite field is right already.
    { name: 'Suite', value: existing === undefined ? options.suite : undefined },
    { name: 'Codename', value: options.codename },
    { name: 'Version', value: options.version },
    { name: 'Date', value: releaseDate(date) },
    { name: 'Valid-Until', value: validUntil(options, existing, date) },
    { name: 'NotAutomatic', value: yesOrNo(options.notAutomatic) },
    { name: 'ButAutomaticUpgrades', value: yesOrNo(options.butAutomaticUpgrades) },
    { name: 'Acquire-By-Hash', value: 'yes' },
    {
      name: 'Signed-By',
      value: options.pinKeys === true && fingerprints.length > 0 ? fingerprints.join(',') : undefined,
    },
    { name: 'Architectures', value: union(kept, architectures) },
    { name: 'Components', value: union(components, [options.component]) },
    { name: 'Description', value: options.description },
  ]
}

function yesOrNo(flag: boolean | undefined): string | undefined {
  if (flag === undefined) return undefined
  return flag ? 'yes' : 'no'
}

const union = (kept: readonly string[], added: readonly string[]): string =>
  [...new Set([...kept, ...added])].join(' ')

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

export function timeOf(release: Release | undefined, field: string): number | undefined {
  const value = release === undefined ? undefined : releaseValue(release, field)
  const time = value === undefined ? Number.NaN : Date.parse(value)
  return Number.isNaN(time) ? undefined : time
}

/** RFC 5322 with "UTC", as Debian's own archive writes it. */
const releaseDate = (date: Date): string => date.toUTCString().replace(/GMT$/, 'UTC')
