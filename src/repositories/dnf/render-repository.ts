import type { CompressionKind } from '../../archive/compression.ts'
import { artifactKinds } from '../../artifacts/artifact.ts'
import { Refusal, UserError } from '../../errors.ts'
import { readRpmHeader } from '../../packages/rpm/read.ts'
import type {
  PackageEntry,
  PackageInput,
  RenderContext,
  RenderedRepository,
  RepositoryState,
  Upload,
} from '../repository-format.ts'
import { type IndexKind, indexKinds } from './index-shapes.ts'
import { type Layout, packagePath } from './location.ts'
import { type DnfIndex, evrText, type Fragment } from './package-index.ts'
import { identityOf, type PackageFragments, renderPackage } from './package-metadata.ts'
import { type RenderedIndex, renderIndex } from './render-index.ts'
import { latestTimestamp, type Repomd, renderRepomd, repomdPath } from './repomd.ts'
import { signRepomd } from './signature.ts'
import { type RepositoryTags, withTags } from './tags.ts'

export interface DnfOptions {
  readonly layout: Layout
  readonly compression: Exclude<CompressionKind, 'xz' | 'none'>
  readonly tags: RepositoryTags
  readonly unsignedPackages: 'refuse' | 'allow'
}

interface ReadPackage {
  readonly entry: PackageEntry
  readonly isSigned: boolean
  readonly fragments: PackageFragments
}

export async function readPackage({ artifact, file }: PackageInput, layout: Layout): Promise<ReadPackage> {
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
  return {
    entry: {
      name,
      version: evrText(epoch, version, release),
      architecture: arch,
      path,
      sizeBytes: rpm.sizeBytes,
      sha256: rpm.digest.slice('sha256:'.length),
    },
    isSigned: signatureTags.some((tag) => rpm.signature.has(tag)),
    fragments: renderPackage(rpm, path),
  }
}

const signatureTags = ['rsaHeader', 'dsaHeader', 'openpgp', 'pgp', 'gpg'] as const

export async function renderRepository(
  { index, signature }: RepositoryState<DnfIndex>,
  additions: readonly PackageInput[],
  { signers, date, signal }: RenderContext,
  options: DnfOptions,
): Promise<RenderedRepository> {
  refuseLostSignature(signature.status !== 'absent', signers.length > 0)
  const taken = new Map<string, string>(index.packages.map(({ path, sha256 }) => [path, sha256]))
  const added: ReadPackage[] = []
  const content: Upload[] = []
  for (const input of additions) {
    signal?.throwIfAborted()
    const addition = await readPackage(input, options.layout)
    const { path, sha256, sizeBytes } = addition.entry
    if (signers.length > 0 && options.unsignedPackages === 'refuse') refuseUnsigned(addition)
    content.push(packageUpload(path, input.file, sizeBytes))
    if (taken.get(path) === sha256) continue
    refuseTakenPath(taken, addition.entry)
    taken.set(path, sha256)
    added.push(addition)
  }
  // A repository never goes back in time: yum refuses metadata that is older than what it has.
  const timestamp = Math.max(Math.floor(date.getTime() / 1000), latestTimestamp(index.repomd))
  const rendered = await renderIndexes(index, added, options, timestamp)
  const repomd = Buffer.from(renderEntry(index.repomd, rendered, timestamp, options.tags), 'utf8')
  // Not the timestamp: that of a foreign repository may lie in the future, where gpg accepts no signature.
  const signatures = await signRepomd(repomd, signers, date)
  return {
    content,
    indexes: [...rendered.map(({ upload }) => upload), ...signatures.staged],
    entry: { path: repomdPath, body: repomd, contentType: 'application/xml', caching: 'entry' },
    companions: signatures.companions,
  }
}

function refuseLostSignature(isSigned: boolean, willBeSigned: boolean): void {
  if (!isSigned || willBeSigned) return
  throw new Refusal(
    'DNF_SIGNATURE_LOST',
    'The repository is signed, and there is no key to sign its new state.',
    {
      hint: 'Give the repository its signing key. Clients with repo_gpgcheck=1 would refuse the unsigned state.',
    },
  )
}

function refuseUnsigned({ entry: { name, version, path }, isSigned }: ReadPackage): void {
  if (isSigned) return
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

function packageUpload(path: string, file: string, sizeBytes: number): Upload {
  return { path, body: { file, sizeBytes }, contentType: artifactKinds.rpm.mediaType, caching: 'immutable' }
}

async function renderIndexes(
  index: DnfIndex,
  added: readonly ReadPackage[],
  { compression }: DnfOptions,
  timestamp: number,
): Promise<readonly RenderedIndex[]> {
  const rendered: RenderedIndex[] = []
  for (const kind of indexKinds) {
    const { rootAttributes, fragments: existing } = index.lists[kind]
    const fragments = sorted([...existing, ...added.map((addition) => fragmentOf(addition, kind))])
    rendered.push(await renderIndex(kind, { rootAttributes, fragments, compression, timestamp }))
  }
  return rendered
}

function fragmentOf({ entry, fragments }: ReadPackage, kind: IndexKind): Fragment {
  return { packageId: entry.sha256, path: entry.path, raw: fragments[kind] }
}

/** By location, so that the bytes do not depend on the order of publishing; equal ones stay as they were. */
function sorted(fragments: readonly Fragment[]): string[] {
  return fragments.toSorted((a, b) => compareText(a.path, b.path)).map(({ raw }) => raw)
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

// Made from the three indexes by createrepo_c, and stale with the first package that we add: clients would prefer the
// old databases to our lists. The same holds for zchunk copies and for the hash over the old content.
const isDerived = (type: string): boolean =>
  /^(primary|filelists|other)_(db|zck)$/.test(type) || indexKinds.some((kind) => kind === type)

function renderEntry(
  repomd: Repomd | undefined,
  indexes: readonly RenderedIndex[],
  timestamp: number,
  tags: RepositoryTags,
): string {
  const others = repomd?.others.filter(({ name }) => name !== 'contenthash') ?? []
  const foreign = repomd?.records.filter(({ type }) => !isDerived(type)) ?? []
  return renderRepomd({
    revision: String(timestamp),
    rootAttributes: repomd?.rootAttributes ?? {},
    others: withTags(others, tags),
    records: [...indexes.map(({ record }) => record), ...foreign.map(({ raw }) => raw)],
  })
}
