import { UserError } from '../../errors.ts'
import { hexOf } from '../../lib/digest.ts'
import { type DebControl, readDebControl, readDebFiles } from '../../packages/deb/read.ts'
import type { PackageInput } from '../repository-format.ts'
import { encoded, type Field } from './deb822.ts'

/** What an index says about a package. */
export interface DebFacts extends DebIdentity {
  readonly section: string | undefined
  readonly control: readonly Field[]
  /** Of its parts. */
  readonly compressions: DebControl['compressions']
  readonly sizeBytes: number
  readonly digests: Pick<DebControl, 'md5' | 'sha1' | 'sha256' | 'sha512'>
}

export async function readFacts({ artifact, file }: PackageInput): Promise<DebFacts> {
  const { fields, compressions, sizeBytes, md5, sha1, sha256, sha512 } = await readDebControl(file)
  if (sha256 !== hexOf(artifact.digest)) throw changedError(artifact.name, file)
  const value = (name: string): string =>
    fields.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1] ?? ''
  return {
    ...identityOf(artifact.name, value),
    section: value('Section') || undefined,
    control: fields.map(([field, text]) => ({ name: field, value: encoded(text) })),
    compressions,
    sizeBytes,
    digests: { md5, sha1, sha256, sha512 },
  }
}

export interface DebIdentity {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** The source package: packages of one source share a folder in the pool. */
  readonly source: string
}

/** From control fields, which become parts of paths and lines of an index; `subject` is for messages. */
export function identityOf(subject: string, value: (field: string) => string): DebIdentity {
  const name = checked(subject, 'Package', value('Package'), /^[A-Za-z0-9][A-Za-z0-9+.-]*$/)
  // The field may carry a version: "hello (1.0-2)".
  const source = value('Source').split(' ')[0] || name
  return {
    name,
    version: checked(subject, 'Version', value('Version'), /^[0-9A-Za-z][0-9A-Za-z.+~:-]*$/),
    architecture: checked(subject, 'Architecture', value('Architecture'), /^[a-z0-9][a-z0-9-]*$/),
    source: checked(subject, 'Source', source, /^[A-Za-z0-9][A-Za-z0-9+.-]*$/),
  }
}

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

/** Without leading slash; no directories. */
export async function readFiles({ file, files: known }: PackageInput): Promise<readonly string[]> {
  const files = known ?? (await readDebFiles(file))
  return files.filter(({ type }) => type !== 'directory').map(({ path }) => path.replace(/^\/+/, ''))
}

/** pool/<component>/<prefix>/<source>/<name>_<version>_<architecture>.deb, as in Debian: without the epoch. */
export function poolPath({ name, version, architecture, source }: DebIdentity, component: string): string {
  const prefix = source.startsWith('lib') ? source.slice(0, 4) : source.slice(0, 1)
  const file = `${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`
  return `pool/${component}/${prefix}/${source}/${file}`
}
