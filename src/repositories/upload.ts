import { createHash } from 'node:crypto'
import { Refusal, TransientError } from '../errors.ts'
import { digestOfFile, hexOf } from '../lib/digest.ts'
import { mapLimited } from '../lib/limit.ts'
import type { PutResult, Storage } from '../storage/storage.ts'
import type { Addition, Companion, CompanionCopy, Upload } from './repository-format.ts'

const parallelMax = 8

/**
 * Packages. What is there already must be the same bytes: another suite or an older generation may name it. `done` holds
 * the paths that an earlier attempt of this process has brought there, and gets those that this one does.
 */
export async function uploadContent(
  storage: Storage,
  additions: readonly Addition[],
  done: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  const upload = async (addition: Addition, stop: AbortSignal): Promise<void> => {
    await uploadOnce(storage, addition, stop)
    done.add(addition.entry.path)
  }
  const wanted = additions.filter(({ entry }) => !done.has(entry.path))
  await mapLimited(wanted, parallelMax, upload, signal)
}

async function uploadOnce(
  storage: Storage,
  { entry, content }: Addition,
  signal: AbortSignal,
): Promise<void> {
  const { body, contentType } = content
  const { path } = entry
  if ('path' in body) {
    if ((await storage.head(path, { signal })) === undefined) {
      const isCopied = await storage.copy(body, path, { contentType, caching: 'immutable', signal })
      if (!isCopied) throw sourceGoneError(body.path)
      return
    }
  } else {
    const upload = { path, body, contentType, caching: 'immutable' as const }
    const result = await put(storage, upload, { ifAbsent: true }, signal)
    if (result.status === 'written') return
  }
  if (await hasDigest(storage, entry, signal)) {
    // It may be an old leftover that nothing names: made new, so that a garbage collector leaves it alone.
    await storage.copy({ path }, path, { contentType, caching: 'immutable', signal })
    return
  }
  throw new Refusal(
    'REPOSITORY_SWAP',
    `"${entry.name}" ${entry.version} would be stored as ${path}, and there is another file in ${storage.location} already.`,
    {
      hint:
        'It may belong to another suite, or to a version that differs in the epoch alone, which file names do not have; so it ' +
        'stays. Raise the version or the build number. If it is left over from a publish that was given up, delete the file.',
    },
  )
}

/** A package that is copied from another repository. */
export const sourceGoneError = (path: string): TransientError =>
  new TransientError(
    'REPOSITORY_SOURCE_GONE',
    `The package ${path} is listed in the repository that it is copied from, but is not there.`,
    {
      hint: 'Run "hawser repo verify" on that repository.',
    },
  )

async function hasDigest(
  storage: Storage,
  { path, sizeBytes, sha256 }: Addition['entry'],
  signal: AbortSignal,
): Promise<boolean> {
  const stored = await storage.get(path, { signal })
  return (
    stored !== undefined && stored.sizeBytes === sizeBytes && (await sha256OfStream(stored.body())) === sha256
  )
}

/** Under the name of their digest. Other bytes under such a name are damage, so they are written anew. */
export async function uploadIndexes(
  storage: Storage,
  uploads: readonly Upload[],
  signal: AbortSignal,
): Promise<void> {
  const uploadOne = async (upload: Upload, stop: AbortSignal): Promise<void> => {
    const result = await put(storage, upload, { ifAbsent: true }, stop)
    if (result.status === 'written' || (await isStored(storage, upload, stop))) return
    await put(storage, upload, undefined, stop)
  }
  await mapLimited(uploads, parallelMax, uploadOne, signal)
}

/** Names that are overwritten, one after the other in the order given. */
export async function writeCompanions(
  storage: Storage,
  companions: readonly Companion[],
  signal: AbortSignal,
): Promise<void> {
  for (const companion of companions) {
    if ('isRemoval' in companion) await storage.delete(companion.path, { signal })
    else if ('copyOf' in companion) await copyCompanion(storage, companion, signal)
    else await put(storage, companion, undefined, signal)
  }
}

async function copyCompanion(
  storage: Storage,
  { path, copyOf, contentType, caching }: CompanionCopy,
  signal: AbortSignal,
): Promise<void> {
  const isCopied = await storage.copy({ path: copyOf }, path, { contentType, caching, signal })
  if (isCopied) return
  throw new TransientError(
    'REPOSITORY_INDEX_GONE',
    `${copyOf}, which the entry file names, is not in ${storage.location}.`,
    {
      hint: 'If other publishers or "hawser repo gc" are at work, run it again; else run "hawser repo verify".',
    },
  )
}

export async function put(
  storage: Storage,
  { path, body, contentType, caching }: Upload,
  condition: { readonly ifAbsent: true } | { readonly ifVersion: string } | undefined,
  signal: AbortSignal,
): Promise<PutResult> {
  const options = { contentType, caching, signal }
  return storage.put(path, body, condition === undefined ? options : { ...options, condition })
}

export async function isStored(
  storage: Storage,
  { path, body }: Pick<Upload, 'path' | 'body'>,
  signal: AbortSignal,
): Promise<boolean> {
  const stored = await storage.get(path, { signal })
  if (stored === undefined) return false
  if (body instanceof Uint8Array) {
    return stored.sizeBytes === body.length && Buffer.compare(await stored.bytes(), body) === 0
  }
  if (stored.sizeBytes !== body.sizeBytes) return false
  return (await sha256OfStream(stored.body())) === hexOf((await digestOfFile(body.file)).digest)
}

export async function sha256OfStream(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}
