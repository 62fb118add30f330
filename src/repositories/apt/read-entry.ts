import { Refusal, UserError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type { GenerationRef } from '../generation.ts'
import type {
  EntrySignature,
  IndexName,
  ListedIndex,
  ReadOptions,
  RepositoryEntry,
} from '../repository-format.ts'
import { signedText, withLineEnd } from './clearsigned.ts'
import { type AptLayout, contentsIndexParts, formName, indexOfForm, isExtended, pathIn } from './layout.ts'
import { parseRelease, type Release, releaseValue, timeOf } from './release.ts'
import { generationField } from './release-fields.ts'

/** What apt keeps of an entry between reading and writing it. */
export interface AptEntry {
  /** Of the repository that it was read from: indexes and packages are relative to its place. */
  readonly layout: Pick<AptLayout, 'folder' | 'component' | 'isFlat'>
  readonly release: Release
  /** The Release file as it was signed. */
  readonly text: string
  /** Of InRelease, or of Release where there is no InRelease. */
  readonly path: string
}

interface Message {
  readonly text: string
  readonly path: string
  readonly version: string | undefined
  readonly signature: EntrySignature
}

const releaseSizeMax = 64 << 20

export async function readEntry(
  storage: Storage,
  layout: AptLayout,
  options: ReadOptions,
): Promise<RepositoryEntry<AptEntry> | undefined> {
  const message = await readMessage(storage, layout.folder, options)
  if (message === undefined) return undefined
  const { text, path, version, signature } = message
  const release = parseRelease(text, path)
  checkStrength(release, path)
  const { folder, component, isFlat } = layout
  return {
    version,
    signature,
    generation: generationOf(release),
    date: dateOf(release, 'Date'),
    notBefore: dateOf(release, 'Date', -futureSecondsMax),
    validUntil: dateOf(release, 'Valid-Until'),
    indexes: indexesOf(release, layout),
    own: { layout: { folder, component, isFlat }, release, text, path },
  }
}

async function readMessage(
  storage: Storage,
  folder: string,
  options: ReadOptions,
): Promise<Message | undefined> {
  const path = pathIn(folder, 'InRelease')
  const bytes = await readSmall(storage, path, options.signal)
  if (bytes === undefined) return readPlainRelease(storage, folder, options)
  const message = Buffer.from(bytes.bytes).toString('utf8')
  const { text, isSigned } = signedText(message, path)
  const { version } = bytes
  if (!isSigned) return { version, path, text, signature: { status: 'absent' } }
  const { verifier } = options
  if (verifier === undefined) return { version, path, text, signature: { status: 'unchecked' } }
  const verified = await trusting(path, () => verifier.verifyCleartext(message))
  const signature = { status: 'verified' as const, fingerprint: verified.fingerprint }
  return { version, path, text: withLineEnd(verified.text), signature }
}

/** As deb-s3 and other older tools publish: `Release`, perhaps with `Release.gpg` beside it. */
async function readPlainRelease(
  storage: Storage,
  folder: string,
  { verifier, signal }: ReadOptions,
): Promise<Message | undefined> {
  const path = pathIn(folder, 'Release')
  const release = await readSmall(storage, path, signal)
  if (release === undefined) return undefined
  const { bytes } = release
  const message = { version: undefined, path, text: withLineEnd(Buffer.from(bytes).toString('utf8')) }
  const detached = await readSmall(storage, `${path}.gpg`, signal)
  if (detached === undefined) return { ...message, signature: { status: 'absent' } }
  if (verifier === undefined) return { ...message, signature: { status: 'unchecked' } }
  const fingerprint = await trusting(`${path}.gpg`, () => verifier.verifyDetached(bytes, detached.bytes))
  return { ...message, signature: { status: 'verified', fingerprint } }
}

async function readSmall(
  storage: Storage,
  path: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly bytes: Uint8Array; readonly version: string } | undefined> {
  const stored = await storage.get(path, { signal })
  if (stored === undefined) return undefined
  if (stored.sizeBytes <= releaseSizeMax) return { bytes: await stored.bytes(), version: stored.version }
  stored.body().destroy()
  throw new UserError('APT_RELEASE', `${path} is larger than ${releaseSizeMax} bytes.`, {
    hint: 'No Release file has this size. Find out who wrote it, and restore it from a backup.',
  })
}

async function trusting<Result>(path: string, verify: () => Promise<Result>): Promise<Result> {
  try {
    return await verify()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw error.code === 'SIGNATURE_UNTRUSTED' ? untrustedError(path, error) : tamperedError(path, error)
  }
}

const untrustedError = (path: string, cause: UserError): Refusal =>
  new Refusal('REPOSITORY_SIGNATURE', `The signature of ${path} is not accepted. ${cause.message}`, {
    hint:
      'If the key is one that you trust (an older key of yours, another tool), name its public key. If you want to ' +
      'take over the repository as it is, set "adopt: true" once; from then on your key vouches for every package in it.',
    cause,
  })

const tamperedError = (path: string, cause: UserError): Refusal =>
  new Refusal('REPOSITORY_TAMPERED', `The signature of ${path} does not fit the file. ${cause.message}`, {
    hint:
      'Something or somebody changed the file after it was signed, so clients refuse it, and nothing is built on it. ' +
      'Find out who wrote it, and restore it from a backup.',
    cause,
  })

function checkStrength({ files, sections }: Release, path: string): void {
  if (files.size === 0 || sections.includes('SHA256') || sections.includes('SHA512')) return
  throw new UserError(
    'APT_WEAK_RELEASE',
    `${path} lists only ${sections.join(' and ')} digests, which apt refuses since 2016.`,
    {
      hint: 'Publish the repository once with SHA256 digests, with the tool that wrote it.',
    },
  )
}

function generationOf(release: Release): GenerationRef | undefined {
  const [, sequence, sha256] =
    /^(\d{1,15}) ([0-9a-f]{64})$/.exec(releaseValue(release, generationField) ?? '') ?? []
  return sequence === undefined || sha256 === undefined ? undefined : { sequence: Number(sequence), sha256 }
}

// apt.conf(5), Acquire::Max-FutureTime: clocks may differ so much.
const futureSecondsMax = 10

function dateOf(release: Release, field: 'Date' | 'Valid-Until', plusSeconds = 0): Date | undefined {
  const time = timeOf(release, field)
  return time === undefined ? undefined : new Date(time + plusSeconds * 1000)
}

const forms = ['gzip', 'xz', 'zstd'] as const

/** Every index that we extend, of all components. */
function indexesOf(release: Release, { contents }: AptLayout): ReadonlyMap<IndexName, ListedIndex> {
  const names = new Set([...release.files.keys()].map(indexOfForm).filter(isExtended))
  const indexes = new Map<IndexName, ListedIndex>()
  for (const name of [...names].toSorted()) {
    const listed = listedIndex(release, name)
    const isReadable = listed.plain !== undefined || listed.forms.size > 0
    // Contents only describe: what we shall not or cannot extend stays as it is, as a foreign file.
    if (contentsIndexParts(name) === undefined || (contents && isReadable)) indexes.set(name, listed)
  }
  return indexes
}

function listedIndex({ files }: Release, name: IndexName): ListedIndex {
  const body = (path: string): ListedIndex['plain'] => {
    const listed = files.get(path)
    return listed === undefined ? undefined : { sizeBytes: listed.sizeBytes, digests: listed.hashes }
  }
  const listedForms = forms.flatMap((form) => {
    const listed = body(formName(name, form))
    return listed === undefined ? [] : [[form, listed] as const]
  })
  return { plain: body(name), forms: new Map(listedForms) }
}
