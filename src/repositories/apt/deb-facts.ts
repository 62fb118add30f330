import { UserError } from '../../errors.ts'
import { hexOf } from '../../lib/digest.ts'
import { type DebControl, readDebControl, readDebFiles } from '../../packages/deb/read.ts'
import type { PackageEntry, PackageInput } from '../repository-format.ts'
import { encoded, type Field } from './deb822.ts'

/** What an index says about a package. */
export interface DebFacts {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** The source package: packages of one source share a folder in the pool. */
  readonly source: string
  readonly section: string | undefined
  readonly control: readonly Field[]
  readonly sizeBytes: number
  readonly digests: Pick<DebControl, 'md5' | 'sha1' | 'sha256' | 'sha512'>
}

/** Remembers what it read, since a publish that lost a race renders again, and packages are large. */
export interface DebReader {
  facts(input: PackageInput): Promise<DebFacts>
  /** Without leading slash; no directories. */
  files(input: PackageInput): Promise<readonly string[]>
}

export function debReader(): DebReader {
  const facts = new WeakMap<PackageInput, Promise<DebFacts>>()
  const files = new WeakMap<PackageInput, Promise<readonly string[]>>()
  return {
    facts: (input) => remembered(facts, input, readFacts),
    files: (input) => remembered(files, input, readFiles),
  }
}

function remembered<Value>(
  known: WeakMap<PackageInput, Promise<Value>>,
  input: PackageInput,
  read: (input: PackageInput) => Promise<Value>,
): Promise<Value> {
  const found = known.get(input)
  if (found !== undefined) return found
  const fresh = read(input)
  known.set(input, fresh)
  return fresh
}

async function readFacts({ artifact, file }: PackageInput): Promise<DebFacts> {
  const { fields, sizeBytes, md5, sha1, sha256, sha512 } = await readDebControl(file)
  if (sha256 !== hexOf(artifact.digest)) throw changedError(artifact.name, file)
  const value = (name: string): string =>
    fields.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1] ?? ''
  const name = checked(artifact.name, 'Package', value('Package'), /^[A-Za-z0-9][A-Za-z0-9+.-]*$/)
  return {
    name,
    version: checked(artifact.name, 'Version', value('Version'), /^[0-9A-Za-z][0-9A-Za-z.+~:-]*$/),
    architecture: checked(artifact.name, 'Architecture', value('Architecture'), /^[a-z0-9][a-z0-9-]*$/),
    // The field may carry a version: "hello (1.0-2)".
    source: checked(
      artifact.name,
      'Source',
      value('Source').split(' ')[0] || name,
      /^[A-Za-z0-9][A-Za-z0-9+.-]*$/,
    ),
    section: value('Section') || undefined,
    control: fields.map(([field, text]) => ({ name: field, value: encoded(text) })),
    sizeBytes,
    digests: { md5, sha1, sha256, sha512 },
  }
}

// These become parts of paths and lines of an index.
function checked(artifact: string, field: string, value: string, pattern: RegExp): string {
  if (pattern.test(value)) return value
  throw new UserError(
    'APT_PACKAGE_FIELD',
    `The package "${artifact}" has ${field}: ${JSON.stringify(value)}, which no APT repository can hold.`,
    { hint: 'Debian Policy 5.6 lists the allowed characters. Build the package with another value.' },
  )
}

const changedError = (artifact: string, file: string): UserError =>
  new UserError(
    'ARTIFACT_CHANGED',
    `The file ${file} is no longer the artifact "${artifact}": its digest differs.`,
    {
      hint: 'Something changed it after it was built. Build it again.',
    },
  )

async function readFiles({ file }: PackageInput): Promise<readonly string[]> {
  const files = await readDebFiles(file)
  return files.filter(({ type }) => type !== 'directory').map(({ path }) => path.replace(/^\/+/, ''))
}

/** pool/<component>/<prefix>/<source>/<name>_<version>_<architecture>.deb, as in Debian: without the epoch. */
export function poolPath({ name, version, architecture, source }: DebFacts, component: string): string {
  const prefix = source.startsWith('lib') ? source.slice(0, 4) : source.slice(0, 1)
  const file = `${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`
  return `pool/${component}/${prefix}/${source}/${file}`
}

export function entryOf(facts: DebFacts, component: string): PackageEntry {
  const { name, version, architecture, sizeBytes, digests } = facts
  const entry = {
    name,
    version,
    architecture,
    path: poolPath(facts, component),
    sizeBytes,
    sha256: digests.sha256,
  }
  // Which indexes an "all" package belongs to depends on the repository's architectures.
  return architecture === 'all' ? entry : { ...entry, listedIn: [`${component}/binary-${architecture}`] }
}
