import { Refusal, UserError } from '../errors.ts'
import type { SignatureVerifier } from '../signing/signer.ts'
import type { Storage } from '../storage/storage.ts'
import { entriesOf } from './find-entries.ts'
import { readLatest } from './generation.ts'
import type {
  PackageEntry,
  RepositoryEntry,
  RepositoryFinding,
  RepositoryFormat,
} from './repository-format.ts'
import { digestFindings, PackageFiles } from './verify-files.ts'
import { lostFindings } from './verify-history.ts'

export interface VerifyRequest {
  readonly format: RepositoryFormat
  readonly storage: Storage
  /** Absent: an unsigned repository is what is expected. */
  readonly verifier?: SignatureVerifier | undefined
  /** Read every package whole, or those that are chosen, and compare its digest. */
  readonly deep: boolean | ((entry: PackageEntry) => boolean)
  /** Path in the storage → sha256 in hex, of packages that must be listed so. */
  readonly expect?: { readonly [path: string]: unknown } | undefined
  /** For indexes that expire; absent: not looked at. */
  readonly now?: Date | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads everything back as clients do; empty when they will find nothing wrong. Streams: a million packages need some
 * dozens of megabytes.
 */
export async function verifyRepository(request: VerifyRequest): Promise<readonly RepositoryFinding[]> {
  const { format, storage, verifier, signal } = request
  // Before the entry, which is written first: else a publish in between would look like an old entry.
  const latest = await readLatest(storage, format.folder, signal)
  const entry = await orFinding(() => format.readEntry(storage, { verifier, signal }))
  if (entry === undefined) {
    return [
      { code: 'REPOSITORY_ABSENT', path: '', message: `There is no repository in ${storage.location}.` },
    ]
  }
  if ('code' in entry) return [entry]
  const findings = [
    ...signatureFindings(entry, request),
    ...timeFindings(entry, request),
    ...(await format.inspect(storage, entry, { verifier, signal })),
  ]
  const packages = await orFinding(() => packageFindings(entry, request))
  if ('code' in packages) return [...findings, packages]
  return [...findings, ...packages, ...(await lostFindings(request, entry, latest))]
}

/** What cannot be known (TransientError) is no finding about the repository. */
async function orFinding<Result>(read: () => Promise<Result>): Promise<Result | RepositoryFinding> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof UserError || error instanceof Refusal)) throw error
    return { code: error.code, path: '', message: error.message }
  }
}

function signatureFindings(
  { signature }: RepositoryEntry,
  { verifier, storage }: VerifyRequest,
): RepositoryFinding[] {
  if (verifier === undefined || signature.status === 'verified') return []
  const message = `The repository in ${storage.location} is not signed.`
  return [{ code: 'REPOSITORY_UNSIGNED', path: '', message }]
}

function timeFindings(
  { validUntil, notBefore }: RepositoryEntry,
  { now, storage }: VerifyRequest,
): RepositoryFinding[] {
  const where = `The index in ${storage.location}`
  if (now === undefined) return []
  if (validUntil !== undefined && validUntil < now) {
    const message = `${where} expired at ${validUntil.toISOString()}: clients refuse it. Run "hawser repo refresh".`
    return [{ code: 'REPOSITORY_EXPIRED', path: '', message }]
  }
  if (notBefore === undefined || notBefore <= now) return []
  const message = `${where} is of ${notBefore.toISOString()}, which is not yet: clients refuse it. Is a clock wrong?`
  return [{ code: 'REPOSITORY_NOT_YET', path: '', message }]
}

async function packageFindings(
  entry: RepositoryEntry,
  request: VerifyRequest,
): Promise<readonly RepositoryFinding[]> {
  const { format, storage, verifier, signal, deep } = request
  const read = (): AsyncIterable<PackageEntry> => entriesOf(format, storage, entry, { verifier, signal })
  const expected = new Map(Object.entries(request.expect ?? {}))
  const files = new PackageFiles()
  const found = new Map<string, string>()
  for await (const listed of read()) {
    files.expect(listed)
    if (expected.has(listed.path)) found.set(listed.path, listed.sha256)
  }
  const missing = await files.findings(storage, read, signal)
  const known = new Set(missing.map(({ path }) => path))
  // What is not there, or of another size, need not be read to see that it is wrong.
  const isChosen = (listed: PackageEntry): boolean =>
    !known.has(listed.path) && (deep === true || (deep !== false && deep(listed)))
  return [
    ...expectationFindings(expected, found),
    ...missing,
    ...(deep === false ? [] : await digestFindings(storage, chosen(read(), isChosen), signal)),
  ]
}

function expectationFindings(
  expected: ReadonlyMap<string, unknown>,
  listed: ReadonlyMap<string, string>,
): RepositoryFinding[] {
  return [...expected]
    .filter(([path, sha256]) => listed.get(path) !== sha256)
    .map(([path, sha256]) => ({
      code: 'PACKAGE_NOT_LISTED',
      path,
      message: `${path} is ${listed.has(path) ? `listed with sha256 ${listed.get(path)}` : 'not listed'}, but ${sha256} was published.`,
    }))
}

async function* chosen(
  entries: AsyncIterable<PackageEntry>,
  isChosen: (entry: PackageEntry) => boolean,
): AsyncGenerator<PackageEntry> {
  for await (const entry of entries) if (isChosen(entry)) yield entry
}
