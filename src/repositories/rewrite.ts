import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Storage } from '../storage/storage.ts'
import type { IndexState } from './append/index-state.ts'
import { writeIndex } from './append/write.ts'
import type {
  Fragment,
  IndexName,
  IndexShape,
  OpenIndex,
  RepositoryEntry,
  RepositoryFormat,
} from './repository-format.ts'
import { uploadIndexes } from './upload.ts'

export interface RewriteRequest {
  readonly format: RepositoryFormat
  readonly storage: Storage
  readonly entry: RepositoryEntry
  readonly index: IndexName
  /** Without it: as it is. Its header is only used for a new index. */
  readonly shape?: Pick<IndexShape, 'forms' | 'algorithms'> | undefined
  /** Sees every fragment; undefined: it goes. */
  readonly each?: ((fragment: Fragment) => Fragment | undefined | Promise<Fragment | undefined>) | undefined
  readonly signal: AbortSignal
}

/** Writes an index anew in our members, from what is there, as a stream: for foreign indexes, removals and new forms. */
export async function rewriteIndex(request: RewriteRequest): Promise<IndexState> {
  return withTemporaryFolder(async (folder) => {
    const { state, upload } = await prepareIndex(request, folder)
    await upload()
    return state
  })
}

/** An index that is written anew on the local disk, and nowhere else until it is uploaded. */
export interface PreparedIndex {
  readonly state: IndexState
  upload(): Promise<void>
}

/** The same for those who look at the whole of it before they decide; `folder` is its own, and stays until the upload. */
export async function prepareIndex(request: RewriteRequest, folder: string): Promise<PreparedIndex> {
  const { format, storage, entry, index, signal } = request
  const open = await format.openIndex(storage, entry, index, { signal })
  const { header, footer } = open.shape
  const { forms, algorithms } = request.shape ?? open.shape
  const written = await writeIndex({
    folder,
    header,
    footer,
    forms,
    algorithms,
    fragments: fragmentsOf(request, open),
    pathOf: (form, digests) => format.bodyPaths(index, form, digests)[0],
    signal,
  })
  const upload = async (): Promise<void> => {
    for (const { form, path, digests, file, sizeBytes } of written.forms) {
      const contentType = format.contentTypeOf(index, form)
      const caching = 'immutable' as const
      await uploadIndexes(storage, [{ path, body: { file, sizeBytes }, contentType, caching }], signal)
      for (const copy of format.bodyPaths(index, form, digests).slice(1)) {
        await storage.copy({ path }, copy, { contentType, caching, signal })
      }
    }
  }
  return { state: written.state, upload }
}

async function* fragmentsOf({ each }: RewriteRequest, { fragments }: OpenIndex): AsyncGenerator<Uint8Array> {
  for await (const fragment of fragments) {
    const kept = each === undefined ? fragment : await each(fragment)
    if (kept !== undefined) yield kept.bytes
  }
}

export async function withTemporaryFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-index-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
