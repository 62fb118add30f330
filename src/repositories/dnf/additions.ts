import type { CompressionKind } from '../../archive/compression.ts'
import { artifactKinds } from '../../artifacts/artifact.ts'
import { Refusal, UserError } from '../../errors.ts'
import { readRpmHeader } from '../../packages/rpm/read.ts'
import type { Addition, PackageEntry, PackageInput, Placement } from '../repository-format.ts'
import { type RpmClients, type RpmReadability, refuseUnreadableRpm, signaturesOf } from './client-checks.ts'
import { indexKinds } from './index-shapes.ts'
import { evrText } from './listed-package.ts'
import { type Layout, packagePath } from './location.ts'
import { identityOf, type PackageFragments, renderPackage } from './package-metadata.ts'

export interface DnfFacts {
  readonly isSigned: boolean
  /** Undefined where only the indexes are at hand, not the package. */
  readonly readability?: RpmReadability | undefined
  readonly fragments: PackageFragments
}

export type DnfAddition = Addition<DnfFacts>

export async function prepare({ artifact, file }: PackageInput, layout: Layout): Promise<DnfAddition> {
  const rpm = await readRpmHeader(file)
  if (rpm.digest !== artifact.digest) {
    throw new UserError(
      'DNF_PACKAGE_CHANGED',
      `The file of "${artifact.name}" changed while it was published.`,
      {
        hint: 'Build it again and publish again.',
      },
    )
  }
  const { name, epoch, version, release, arch } = identityOf(rpm)
  const path = packagePath(layout, { name, version, release, arch })
  const { sizeBytes } = rpm
  return {
    entry: {
      name,
      version: evrText(epoch, version, release),
      architecture: arch,
      path,
      sizeBytes,
      sha256: rpm.digest.slice('sha256:'.length),
    },
    content: { body: { file, sizeBytes }, contentType: artifactKinds.rpm.mediaType },
    facts: {
      isSigned: signatureTags.some((tag) => rpm.signature.has(tag)),
      readability: {
        name,
        version: evrText(epoch, version, release),
        compression: payloadCompression(rpm.header.text('payloadCompressor')),
        signatures: signaturesOf(rpm.signature),
      },
      fragments: renderPackage(rpm, path),
    },
  }
}

/** Undefined: one that nobody uses any more, or that only rpm itself knows. */
function payloadCompression(compressor: string | undefined): CompressionKind | undefined {
  // rpm takes gzip where nothing is said of a compressed payload.
  if (compressor === undefined) return 'gzip'
  return compressor === 'gzip' || compressor === 'xz' || compressor === 'zstd' ? compressor : undefined
}

const signatureTags = ['rsaHeader', 'dsaHeader', 'openpgp', 'pgp', 'gpg'] as const

/** What the packages put into the three indexes, in the order of their paths. */
export function place(
  additions: readonly DnfAddition[],
  { mustBeSigned, clients }: { readonly mustBeSigned: boolean; readonly clients: RpmClients },
): readonly Placement[] {
  const taken = new Map<string, string>()
  const placements: Placement[] = []
  for (const addition of additions.toSorted((a, b) => compareText(a.entry.path, b.entry.path))) {
    const { path, sha256 } = addition.entry
    if (mustBeSigned) refuseUnsigned(addition)
    const { readability } = addition.facts
    if (readability !== undefined) refuseUnreadableRpm(clients, readability, mustBeSigned)
    if (taken.get(path) === sha256) continue
    refuseTakenPath(taken, addition.entry)
    taken.set(path, sha256)
    placements.push(...placementsOf(addition))
  }
  return placements
}

function placementsOf({ entry, facts }: DnfAddition): Placement[] {
  return indexKinds.map((index) => {
    const bytes = Buffer.from(`${facts.fragments[index]}\n`)
    return index === 'primary' ? { index, bytes, entry } : { index, bytes }
  })
}

const compareText = (a: string, b: string): number => {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function refuseUnsigned({ entry: { name, version, path }, facts }: DnfAddition): void {
  if (facts.isSigned) return
  throw new UserError(
    'DNF_PACKAGE_UNSIGNED',
    `The package "${name}" ${version} (${path}) has no signature, so clients of this repository would not install it.`,
    {
      hint:
        'The .repo file of a signed repository says gpgcheck=1. Sign the package with "sign", or set ' +
        '"unsignedPackages: allow", and the file says gpgcheck=0.',
    },
  )
}

function refuseTakenPath(taken: ReadonlyMap<string, string>, { path, name, version }: PackageEntry): void {
  if (!taken.has(path)) return
  // Versions that differ in the epoch alone have one file name.
  throw new Refusal(
    'DNF_PATH_TAKEN',
    `"${name}" ${version} would be stored as "${path}", which is the place of another package.`,
    { hint: 'The file name has no epoch: raise the version or the build number as well.' },
  )
}
