import { createHash } from 'node:crypto'
import { Refusal } from '../errors.ts'
import { digestOfFile, hexOf } from '../lib/digest.ts'
import { mapLimited } from '../lib/limit.ts'
import type { PutResult, Storage } from '../storage/storage.ts'
import type { Upload } from './repository-format.ts'

const parallelMax = 8

/** Packages. What is there already must be the same bytes: another suite or an older generation may name it. */
export async function uploadContent(
  storage: Storage,
  uploads: readonly Upload[],
  signal: AbortSignal,
): Promise<void> {
  await mapLimited(uploads, parallelMax, (upload, stop) => uploadOnce(storage, upload, stop), signal)
}

async function uploadOnce(storage: Storage, upload: Upload, signal: AbortSignal): Promise<void> {
  const result = await put(storage, upload, { ifAbsent: true }, signal)
  if (result.status === 'written' || (await isStored(storage, upload, signal))) return
  throw new Refusal(
    'REPOSITORY_SWAP',
    `The file ${upload.path} is in ${storage.location} already, with other bytes, although this repository does not list it.`,
    {
      hint:
        'Another suite may list it, so it stays. Raise the build number; or, if you are sure that it is left over from a ' +
        'publish that was given up, delete the file.',
    },
  )
}

/** Indexes under the name of their digest. Other bytes under such a name are damage, so they are written anew. */
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

/** Names that are overwritten, one after the other in the order given, and only where something differs. */
export async function uploadCompanions(
  storage: Storage,
  uploads: readonly Upload[],
  signal: AbortSignal,
): Promise<void> {
  for (const upload of uploads) {
    if (!(await isStored(storage, upload, signal))) await put(storage, upload, undefined, signal)
  }
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
  { path, body }: Upload,
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
