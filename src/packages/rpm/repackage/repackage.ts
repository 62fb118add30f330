import { mkdtemp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { compressions } from '../../../archive/compression.ts'
import { UserError } from '../../../errors.ts'
import { removeQuietly } from '../../../lib/atomic-file.ts'
import type { PackageChanges } from '../../package-changes.ts'
import type { BuildContext, Repackaged } from '../../package-format.ts'
import type { PackageCompression } from '../../package-spec.ts'
import { rpmArchitecture } from '../architecture.ts'
import { writeRpm } from '../build.ts'
import type { PayloadFacts } from '../main-header.ts'
import { readRpmHeader } from '../read.ts'
import { identityOf } from './identity.ts'
import { type Original, originalName } from './original.ts'
import { repackagedHeader } from './repackaged-header.ts'
import { unpackedRecords } from './unpacked-records.ts'

/**
 * An .rpm of one or several others: all their files, scripts and relations under one name. Its time is that of the newest
 * original, so that every release makes the same package of them.
 */
export async function repackageRpm(
  paths: readonly string[],
  changes: PackageChanges,
  context: BuildContext,
): Promise<Repackaged> {
  const folder = await mkdtemp(join(dirname(context.outputPath), 'repackage-'))
  try {
    const originals: Original[] = []
    for (const path of paths) originals.push({ path, rpm: await readRpmHeader(path, context.signal) })
    for (const original of originals) checkKind(original, changes)
    const records = await unpackedRecords(originals, folder, context.signal)
    const identity = identityOf(originals, changes)
    const compression = compressionOf(originals)
    const epoch = timeOf(originals)
    const header = (payload: PayloadFacts): Uint8Array =>
      repackagedHeader({ originals, changes, identity, compression, epoch, records, payload })
    const { name, version, release, architecture } = identity
    const leadName = `${name}-${version}-${release}`
    await writeRpm({ leadName, epoch, compression, records, header }, context)
    return { fileName: `${leadName}.${architecture}.rpm` }
  } finally {
    await removeQuietly(folder)
  }
}

const timeOf = (originals: readonly Original[]): number =>
  Math.max(...originals.map(({ rpm }) => rpm.header.number('buildTime') ?? 0))

function checkKind(original: Original, { name, architecture }: PackageChanges): void {
  const { rpm } = original
  if (rpm.isSource) {
    throw new UserError(
      'RPM_SOURCE_PACKAGE',
      `${originalName(original)}, which "${name}" is made of, is a source package.`,
      { hint: 'Name the package that was built from it.' },
    )
  }
  const found = rpm.header.text('arch') ?? ''
  const wanted = rpmArchitecture(architecture)
  // One for all machines may come along.
  if (found === wanted || found === rpmArchitecture('all')) return
  throw new UserError(
    'REPACKAGE_ARCHITECTURE',
    `${originalName(original)}, which "${name}" is made of, is for ${found}, not for ${wanted}.`,
    { hint: 'Take the package for that machine, or change "architectures".' },
  )
}

/** As the first one is compressed, where that can be written. */
function compressionOf([first]: readonly Original[]): PackageCompression {
  const name = first?.rpm.header.text('payloadCompressor') ?? 'gzip'
  const kind = (['gzip', 'xz', 'zstd'] as const).find((known) => known === name) ?? 'gzip'
  const level = Number(/^\d+/.exec(first?.rpm.header.text('payloadFlags') ?? '')?.[0] ?? Number.NaN)
  const { levelMin, levelMax } = compressions[kind]
  const usual = { gzip: 9, xz: 6, zstd: 19 }[kind]
  return { kind, level: level >= levelMin && level <= levelMax ? level : usual }
}
