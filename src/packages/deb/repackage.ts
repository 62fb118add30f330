import { type ArEntry, readAr } from '../../archive/ar.ts'
import type { ByteStream } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'
import { bytesOfFile } from '../../lib/digest.ts'
import { knownArchitecture } from '../architecture.ts'
import type { PackageChanges } from '../package-changes.ts'
import type { BuildContext, Repackaged } from '../package-format.ts'
import {
  type ControlFile,
  collect,
  controlTar,
  debArchive,
  formatVersion,
  once,
  originSignature,
} from './archive.ts'
import { fieldOf, renderControl } from './control.ts'
import { writePackageFile } from './files.ts'
import { type DebContents, readDeb } from './read.ts'
import { changedFields } from './repackage-fields.ts'

/**
 * A .deb of another one: its data member byte for byte, its control files but for the changed fields. Its time is that of the
 * original, so that every release makes the same package of it.
 */
export async function repackageDeb(
  originals: readonly string[],
  changes: PackageChanges,
  { outputPath, signer }: BuildContext,
): Promise<Repackaged> {
  const [original, second] = originals
  if (original === undefined || second !== undefined) throw new Error('A .deb is made of one .deb')
  const contents = await readDeb(original)
  checkArchitecture(contents, changes)
  const fields = changedFields(contents.fields, changes)
  const epoch = await timeOf(original)
  const control = await controlTar(controlFiles(contents, renderControl(fields)), {
    compression: { kind: 'gzip', level: 9 },
    epoch,
  })
  const data = await dataMember(original)
  const body = (): ByteStream => dataOf(original)
  const signature =
    signer === undefined
      ? []
      : [await originSignature({ control, data: await collect(body()) }, { signer, epoch })]
  const members = [
    { name: 'debian-binary', sizeBytes: formatVersion.length, body: () => once(Buffer.from(formatVersion)) },
    { name: 'control.tar.gz', sizeBytes: control.length, body: () => once(control) },
    { ...data, body },
    ...signature,
  ]
  await writePackageFile(outputPath, debArchive(members, epoch), ({ keep }) => keep())
  return { fileName: fileNameOf(fields) }
}

const scripts: readonly string[] = ['preinst', 'postinst', 'prerm', 'postrm', 'config']

function controlFiles({ controlFiles }: DebContents, control: string): readonly ControlFile[] {
  return [...controlFiles].map(([name, bytes]) => ({
    name,
    bytes: name === 'control' ? Buffer.from(control) : bytes,
    mode: scripts.includes(name) ? 0o755 : 0o644,
  }))
}

function checkArchitecture({ fields }: DebContents, { name, architecture }: PackageChanges): void {
  const found = fieldOf(fields, 'Architecture') ?? ''
  const wanted = knownArchitecture(architecture)
  if (found === wanted) return
  throw new UserError(
    'REPACKAGE_ARCHITECTURE',
    `The package that "${name}" is made of is for ${found}, not for ${wanted}.`,
    { hint: 'Take the package for that machine, or change "architectures".' },
  )
}

/** The epoch is not in it. */
function fileNameOf(fields: DebContents['fields']): string {
  const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map(
    (field) => fieldOf(fields, field) ?? '',
  )
  return `${name}_${version?.replace(/^\d+:/, '')}_${architecture}.deb`
}

/** When it was packed: as dpkg-deb writes it to every member. */
async function timeOf(path: string): Promise<number> {
  for await (const { mtime } of readAr(bytesOfFile(path))) return mtime
  throw new Error('readDeb accepts no package without members')
}

async function dataMember(path: string): Promise<Pick<ArEntry, 'name' | 'sizeBytes'>> {
  for await (const { name, sizeBytes } of readAr(bytesOfFile(path))) {
    if (name.startsWith('data.tar')) return { name, sizeBytes }
  }
  throw new Error('readDeb accepts no package without data')
}

async function* dataOf(path: string): ByteStream {
  for await (const member of readAr(bytesOfFile(path))) {
    if (member.name.startsWith('data.tar')) return yield* member.body()
  }
}
