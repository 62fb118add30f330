import { Refusal, UserError } from '../errors.ts'
import { mapLimited } from '../lib/limit.ts'
import type { SignatureVerifier } from '../signing/signer.ts'
import type { Storage } from '../storage/storage.ts'
import type {
  PackageEntry,
  RepositoryFinding,
  RepositoryFormat,
  RepositoryState,
} from './repository-format.ts'
import { sha256OfStream } from './upload.ts'

export interface VerifyRequest {
  readonly format: RepositoryFormat
  readonly storage: Storage
  /** Absent: an unsigned repository is what is expected. */
  readonly verifier?: SignatureVerifier | undefined
  /** Read every package whole and compare its digest. */
  readonly deep: boolean
  /** Path in the storage → sha256 in hex, of packages that must be listed so. */
  readonly expect?: { readonly [path: string]: unknown } | undefined
  readonly signal?: AbortSignal | undefined
}

/** Reads everything back as clients do; empty when they will find nothing wrong. */
export async function verifyRepository(request: VerifyRequest): Promise<readonly RepositoryFinding[]> {
  const { format, storage, verifier, signal } = request
  const state = await readOrFinding(request)
  if ('code' in state) return [state]
  if (!state.exists) {
    return [
      { code: 'REPOSITORY_ABSENT', path: '', message: `There is no repository in ${storage.location}.` },
    ]
  }
  return [
    ...signatureFindings(state, request),
    ...(await format.inspect(storage, state, { verifier, signal })),
    ...expectationFindings(state, request.expect ?? {}),
    ...(await packageFindings(state, request)),
  ]
}

async function readOrFinding({
  format,
  storage,
  verifier,
  signal,
}: VerifyRequest): Promise<RepositoryState | RepositoryFinding> {
  try {
    return await format.read(storage, { verifier, signal })
  } catch (error) {
    // What cannot be known (TransientError) is no finding about the repository.
    if (!(error instanceof UserError || error instanceof Refusal)) throw error
    return { code: error.code, path: '', message: error.message }
  }
}

function signatureFindings(
  { signature }: RepositoryState,
  { verifier, storage }: VerifyRequest,
): RepositoryFinding[] {
  if (verifier === undefined || signature.status === 'verified') return []
  const message = `The repository in ${storage.location} is not signed.`
  return [{ code: 'REPOSITORY_UNSIGNED', path: '', message }]
}

function expectationFindings(
  { entries }: RepositoryState,
  expect: { readonly [path: string]: unknown },
): RepositoryFinding[] {
  const listed = new Map(entries.map(({ path, sha256 }) => [path, sha256]))
  return Object.entries(expect)
    .filter(([path, sha256]) => listed.get(path) !== sha256)
    .map(([path, sha256]) => ({
      code: 'PACKAGE_NOT_LISTED',
      path,
      message: `${path} is ${listed.has(path) ? `listed with sha256 ${listed.get(path)}` : 'not listed'}, but ${sha256} was published.`,
    }))
}

async function packageFindings(state: RepositoryState, request: VerifyRequest): Promise<RepositoryFinding[]> {
  const signal = request.signal ?? new AbortController().signal
  const files = new Map(state.entries.map((entry) => [entry.path, entry]))
  const sizes = await sizesOf(request.storage, [...files.keys()], signal)
  const check = async (entry: PackageEntry, stop: AbortSignal): Promise<RepositoryFinding[]> => {
    try {
      // A listing leaves out what is reached over a linked folder.
      const sizeBytes =
        sizes.get(entry.path) ?? (await request.storage.head(entry.path, { signal: stop }))?.sizeBytes
      const found = sizeFinding(entry, sizeBytes)
      if (found !== undefined) return [found]
      return request.deep ? await digestFindings(request.storage, entry, stop) : []
    } catch (error) {
      // Such as a path that leads out of the storage: no client gets this file.
      if (!(error instanceof UserError)) throw error
      return [{ code: error.code, path: entry.path, message: error.message }]
    }
  }
  return (await mapLimited([...files.values()], 4, check, signal)).flat()
}

/** One listing answers for thousands of files; asking for each would read or request them one by one. */
async function sizesOf(
  storage: Storage,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const wanted = new Set(paths)
  const sizes = new Map<string, number>()
  if (paths.length === 0) return sizes
  for await (const { path, sizeBytes } of storage.list(commonPrefix(paths), { signal })) {
    if (wanted.has(path)) sizes.set(path, sizeBytes)
  }
  return sizes
}

function commonPrefix(paths: readonly string[]): string {
  const [first = '', last = ''] = [
    paths.reduce((a, b) => (a < b ? a : b)),
    paths.reduce((a, b) => (a > b ? a : b)),
  ]
  let length = 0
  while (length < first.length && first[length] === last[length]) length++
  return first.slice(0, length)
}

function sizeFinding(
  { path, sizeBytes }: PackageEntry,
  found: number | undefined,
): RepositoryFinding | undefined {
  if (found === undefined)
    return { code: 'PACKAGE_MISSING', path, message: `${path} is listed, but is not there.` }
  if (found === sizeBytes) return undefined
  return { code: 'PACKAGE_SIZE', path, message: `${path} has ${found} bytes, but ${sizeBytes} are listed.` }
}

async function digestFindings(
  storage: Storage,
  entry: PackageEntry,
  signal: AbortSignal,
): Promise<RepositoryFinding[]> {
  const { path } = entry
  const stored = await storage.get(path, { signal })
  if (stored === undefined)
    return [{ code: 'PACKAGE_MISSING', path, message: `${path} is listed, but is not there.` }]
  const sha256 = await sha256OfStream(stored.body())
  if (sha256 === entry.sha256) return []
  return [
    { code: 'PACKAGE_DIGEST', path, message: `${path} has sha256 ${sha256}, but ${entry.sha256} is listed.` },
  ]
}
