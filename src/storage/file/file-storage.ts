import { constants } from 'node:fs'
import { copyFile, link, open, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UserError } from '../../errors.ts'
import { makeFolderDurably } from '../../lib/atomic-file.ts'
import { type Digest, digestOf, digestOfFile } from '../../lib/digest.ts'
import { copyThrough } from '../copy-through.ts'
import type { ObjectVersion, PutBody, PutOptions, PutResult, Storage } from '../storage.ts'
import { composeDraft, copyDraft } from './compose.ts'
import { errnoOf, isAbsence, storageError } from './file-errors.ts'
import { locate } from './locate.ts'
import { withLock } from './lock.ts'
import { readInfo, readObject, versionOfFile } from './read-object.ts'
import { unlinkIfThere } from './unlink.ts'
import { walk } from './walk.ts'
import { openWorkspace, syncFolder, type Workspace } from './workspace.ts'

// The lock is held for a comparison and a rename; a minute means that its holder hangs.
const lockWaitMs = 60_000

/**
 * A folder. Objects appear by link or rename of a finished, synced file, so readers and crashes see the old object or
 * the whole new one. The version of an object is the digest of its bytes: times and inode numbers can repeat.
 */
export function fileStorage(root: string): Storage {
  let workspace: Promise<Workspace> | undefined
  const prepare = (): Promise<Workspace> => {
    // A failed attempt must not be remembered: the reader may repair the folder and go on.
    workspace ??= openWorkspace(root).catch((error: unknown) => {
      workspace = undefined
      throw error
    })
    return workspace
  }
  const self: Storage = {
    location: root,
    url: pathToFileURL(root).href,
    head: (path, { signal } = {}) => reading(root, path, signal, (file) => readInfo(file, path)),
    get: (path, options = {}) =>
      reading(root, path, options.signal, (file) => readObject(file, path, options)),
    put: (path, body, options = {}) =>
      writing(root, path, options.signal, async (file) => put(await prepare(), file, body, options)),
    compose: (path, pieces, { signal } = {}) =>
      writing(root, path, signal, async (file) => {
        const workspace = await prepare()
        const draft = workspace.draft()
        await placing(workspace, draft, file, signal, async () => {
          await composeDraft(draft, pieces, (from) => locate(root, from))
          return true
        })
      }),
    copy: (from, path, options = {}) =>
      writing(root, path, options.signal, async (file) => {
        const { storage = self, path: source } = from
        const workspace = await prepare()
        const draft = workspace.draft()
        const folder = roots.get(storage)
        if (folder === undefined) return copyThrough(from, path, self, options)
        const canShare = options.caching === 'immutable'
        return placing(workspace, draft, file, options.signal, async () =>
          copyDraft(await locate(folder, source), draft, canShare),
        )
      }),
    list: (prefix, { signal } = {}) => listing(root, prefix, signal),
    delete: (path, { signal } = {}) =>
      writing(root, path, signal, async (file) => remove(await prepare(), file, signal)),
  }
  roots.set(self, root)
  return self
}

// To know another storage that is a folder, too.
const roots = new WeakMap<Storage, string>()

/** Moves what `write` makes to its name; nothing when it says that there is nothing. */
async function placing(
  workspace: Workspace,
  draft: string,
  file: string,
  signal: AbortSignal | undefined,
  write: () => Promise<boolean>,
): Promise<boolean> {
  try {
    if (!(await write())) return false
    await makeFolderDurably(dirname(file))
    await place(workspace, draft, file, undefined, signal)
    await syncFolder(dirname(file))
    return true
  } finally {
    await unlinkIfThere(draft)
  }
}

async function reading<T>(
  root: string,
  path: string,
  signal: AbortSignal | undefined,
  read: (file: string) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  try {
    return await read(await locate(root, path))
  } catch (error) {
    throw storageError(error, 'read', join(root, path))
  }
}

async function writing<T>(
  root: string,
  path: string,
  signal: AbortSignal | undefined,
  write: (file: string) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  try {
    return await write(await locate(root, path))
  } catch (error) {
    throw storageError(error, 'write', join(root, path))
  }
}

async function* listing(root: string, prefix: string, signal: AbortSignal | undefined) {
  try {
    yield* walk(root, prefix, signal)
  } catch (error) {
    throw storageError(error, 'read', join(root, prefix))
  }
}

async function put(
  workspace: Workspace,
  file: string,
  body: PutBody,
  options: PutOptions,
): Promise<PutResult> {
  const { condition, signal } = options
  // A condition that fails now need not wait for the bytes to be copied; the deciding check comes later.
  if (condition !== undefined && !(await holds(file, condition))) return { status: 'conflict' }
  const draft = workspace.draft()
  try {
    const { digest, sizeBytes } = await writeDraft(draft, body)
    const version = await versionOfFile(draft, digest, sizeBytes)
    await makeFolderDurably(dirname(file))
    const isPlaced = await place(workspace, draft, file, condition, signal)
    if (!isPlaced) return { status: 'conflict' }
    await syncFolder(dirname(file))
    return { status: 'written', version }
  } finally {
    await unlinkIfThere(draft)
  }
}

async function holds(file: string, condition: NonNullable<PutOptions['condition']>): Promise<boolean> {
  if ('ifVersion' in condition) return (await versionOf(file)) === condition.ifVersion
  try {
    await stat(file)
    return false
  } catch (error) {
    if (isAbsence(error)) return true
    throw error
  }
}

async function versionOf(file: string): Promise<ObjectVersion | undefined> {
  return (await readInfo(file, file))?.version
}

/** Moves the finished draft to its name if the condition holds; the answer is whether it did. */
async function place(
  { locks, draft }: Workspace,
  from: string,
  file: string,
  condition: PutOptions['condition'],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  // link(2) fails when the name exists: the file system decides the race, no lock is needed.
  if (condition !== undefined && 'ifAbsent' in condition) return linkTo(from, file)
  return withLock({ folder: locks, draft, waitMs: lockWaitMs, signal }, async () => {
    if (condition !== undefined && !(await holds(file, condition))) return false
    await rename(from, file)
    return true
  })
}

async function linkTo(from: string, file: string): Promise<boolean> {
  try {
    await link(from, file)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

async function writeDraft(draft: string, body: PutBody): Promise<{ digest: Digest; sizeBytes: number }> {
  if (body instanceof Uint8Array) {
    const handle = await open(draft, 'wx')
    try {
      await handle.writeFile(body)
      await handle.sync()
    } finally {
      await handle.close()
    }
    return { digest: digestOf(body), sizeBytes: body.length }
  }
  await copyIn(body.file, draft)
  const { digest, sizeBytes } = await digestOfFile(draft)
  if (sizeBytes !== body.sizeBytes) throw changedSourceError(body.file, body.sizeBytes, sizeBytes)
  return { digest, sizeBytes }
}

async function copyIn(source: string, draft: string): Promise<void> {
  const handle = await open(draft, 'wx')
  try {
    const { mode } = await handle.stat()
    await copyBytes(source, draft)
    // The copy brings the source's mode along, which may be private; readers need the folder's usual one.
    await handle.chmod(mode & 0o777)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function copyBytes(source: string, draft: string): Promise<void> {
  try {
    await copyFile(source, draft, constants.COPYFILE_FICLONE)
  } catch (error) {
    if (!isAbsence(error)) throw error
    throw new UserError('STORAGE_SOURCE_MISSING', `The file ${source}, which was to be stored, is gone.`, {
      hint: 'Build it again.',
      cause: error,
    })
  }
}

const changedSourceError = (file: string, expected: number, found: number): UserError =>
  new UserError(
    'STORAGE_SOURCE_CHANGED',
    `The file ${file}, which was to be stored, has ${found} bytes instead of ${expected}.`,
    { hint: 'Something changed it after it was built. Build it again.' },
  )

async function remove(
  { locks, draft }: Workspace,
  file: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await withLock({ folder: locks, draft, waitMs: lockWaitMs, signal }, () => unlinkIfThere(file))
  if (await isFolder(dirname(file))) await syncFolder(dirname(file))
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (isAbsence(error)) return false
    throw error
  }
}
