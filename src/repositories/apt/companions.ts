import { UserError } from '../../errors.ts'
import { mapLimited } from '../../lib/limit.ts'
import type { Storage } from '../../storage/storage.ts'
import type {
  Companion,
  CompanionCopy,
  CompanionRemoval,
  ListedIndex,
  RepairContext,
  RepositoryEntry,
} from '../repository-format.ts'
import { signDetached } from './clearsigned.ts'
import { type AptLayout, byHashPath, contentTypeOf, formName, pathIn } from './layout.ts'
import type { AptEntry } from './read-entry.ts'
import { hasByHash, timeOf } from './release.ts'
import { usualUpload } from './render-entry.ts'

type Entry = RepositoryEntry<AptEntry>

/**
 * What tools without by-hash read (usual index names, Release, Release.gpg) where it does not say what InRelease says.
 * A usual name that is no longer written, of the plain text or because `usualNames` is off, goes when it is of another
 * state: such tools would be misled by it, and apt never asks for it.
 */
export async function staleCompanions(
  storage: Storage,
  layout: AptLayout,
  entry: Entry,
  context: RepairContext,
): Promise<readonly Companion[]> {
  if (entry.version === undefined) return []
  return [
    ...(await staleIndexes(storage, layout, entry, context)),
    ...(await staleRelease(storage, entry, context)),
  ]
}

async function staleIndexes(
  storage: Storage,
  layout: AptLayout,
  entry: Entry,
  { signal = new AbortController().signal }: RepairContext,
): Promise<readonly Companion[]> {
  // Without names by hash the usual ones are all there is: nothing to repair them from.
  if (!hasByHash(entry.own.release)) return []
  const usual = [...entry.indexes].flatMap(([index, listed]) => usualFiles(layout, entry, index, listed))
  const stale = await mapLimited(usual, 8, (file, stop) => staleFile(storage, file, stop), signal)
  return stale.filter((companion) => companion !== undefined)
}

/** A file under its usual name, and the body that it is to repeat; without one it is not to be there. */
interface UsualFile {
  readonly path: string
  readonly sizeBytes: number
  readonly body: string | undefined
}

function usualFiles(
  { usualNames }: AptLayout,
  { own, generation }: Entry,
  index: string,
  { plain, forms }: ListedIndex,
): readonly UsualFile[] {
  const path = (name: string): string => pathIn(own.layout.folder, name)
  const files = [...forms].flatMap(([form, { sizeBytes, digests }]): UsualFile[] => {
    const name = formName(index, form)
    const { sha256 } = { ...digests }
    if (sha256 === undefined) return []
    return [
      {
        path: path(name),
        sizeBytes,
        body: usualNames ? path(byHashPath(name, 'SHA256', sha256)) : undefined,
      },
    ]
  })
  const plainFile =
    plain === undefined ? [] : [{ path: path(index), sizeBytes: plain.sizeBytes, body: undefined }]
  // What is not to be there is only ours to judge in an entry of ours.
  return [...plainFile, ...files].filter(({ body }) => body !== undefined || generation !== undefined)
}

async function staleFile(
  storage: Storage,
  file: UsualFile,
  signal: AbortSignal,
): Promise<CompanionCopy | CompanionRemoval | undefined> {
  const { path, sizeBytes, body } = file
  if (body === undefined) {
    const stored = await storage.head(path, { signal })
    // As adopted, it may still be what is listed; `inspect` compares it whole.
    return stored === undefined || stored.sizeBytes === sizeBytes ? undefined : { path, isRemoval: true }
  }
  const tail = await tailOf(storage, path, sizeBytes, signal)
  const expected = await tailOf(storage, body, sizeBytes, signal)
  // There is nothing to repair it from: `inspect` tells.
  if (expected === undefined || tail?.equals(expected)) return undefined
  return { path, copyOf: body, sizeBytes, contentType: contentTypeOf(path), caching: 'entry' }
}

// What a publish appends is at the end, so two states of one size differ there.
const tailBytes = 16 << 10

/** The last bytes; undefined when the object is absent or of another size. */
async function tailOf(
  storage: Storage,
  path: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const range = { start: Math.max(0, sizeBytes - tailBytes) }
  const stored = await storage.get(path, { range, signal })
  if (stored?.sizeBytes === sizeBytes) return Buffer.from(await stored.bytes())
  stored?.body().destroy()
  return undefined
}

async function staleRelease(
  storage: Storage,
  { own }: Entry,
  { signers, verifier, signal }: RepairContext,
): Promise<readonly Companion[]> {
  const { folder } = own.layout
  const stored = await storage.get(pathIn(folder, 'Release'), { signal })
  const storedBytes = stored === undefined ? undefined : await stored.bytes()
  const isCurrent = storedBytes !== undefined && sameText(Buffer.from(storedBytes).toString('utf8'), own.text)
  const text = isCurrent ? storedBytes : Buffer.from(own.text)
  const stale = isCurrent ? [] : [usualUpload(folder, 'Release', text)]
  if (signers.length === 0) return stale
  const time = timeOf(own.release, 'Date')
  if (time === undefined) return stale
  const expected = Buffer.from(await signDetached(signers, text, new Date(time)))
  const signature = await storage.get(pathIn(folder, 'Release.gpg'), { signal })
  const signatureBytes = await signature?.bytes()
  if (signatureBytes !== undefined && expected.equals(signatureBytes)) return stale
  if (isCurrent && signatureBytes !== undefined && (await isAccepted(verifier, text, signatureBytes)))
    return stale
  return [...stale, usualUpload(folder, 'Release.gpg', expected)]
}

/** White space at line ends is not part of a cleartext signature, and tools differ in it. */
export function sameText(a: string, b: string): boolean {
  const normal = (text: string): string => text.replace(/[ \t\r]+$/gm, '').trimEnd()
  return normal(a) === normal(b)
}

export async function isAccepted(
  verifier: RepairContext['verifier'],
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (verifier === undefined) return false
  try {
    await verifier.verifyDetached(data, signature)
    return true
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return false
  }
}
