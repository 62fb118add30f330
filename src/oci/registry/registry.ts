import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { OciStore } from '../oci-store.ts'
import { isRepositoryPath } from '../reference.ts'
import { scopeOf } from './authorization.ts'
import { blobThere, readBlob } from './blobs.ts'
import { Connection, type RegistryOptions } from './connection.ts'
import { getManifest, listReferrers, putManifest, resolveManifest } from './manifests.ts'
import { Pages } from './pages.ts'
import { putBlob } from './upload.ts'
import type { UploadTarget } from './upload-target.ts'

export type { RegistryOptions } from './connection.ts'

export interface Registry {
  readonly host: string
  /** `team/app`. */
  repository(path: string): OciStore
}

/** A registry after distribution specification 1.1. Nothing is asked before it is needed. */
export function openRegistry(options: RegistryOptions): Registry {
  const connection = new Connection(options)
  return { host: options.host, repository: (path) => repositoryOf(connection, path) }
}

function repositoryOf(connection: Connection, repository: string): OciStore {
  if (!isRepositoryPath(repository)) {
    throw new UserError('OCI_REFERENCE', `"${repository}" is no repository of a registry.`, {
      hint: 'It is a path of lower-case letters and digits, with ".", "_" or "-" between them, such as "team/app".',
    })
  }
  const target = (signal: AbortSignal | undefined): UploadTarget => ({ connection, repository, signal })
  return {
    location: `${connection.host}/${repository}`,
    hasBlob: ({ digest, size }, { signal } = {}) =>
      blobThere(target(signal), { digest, sizeBytes: size, isWriting: false }),
    blob: (blob, { signal } = {}) => readBlob(target(signal), blob),
    putBlob: (source, { signal } = {}) => putBlob(target(signal), source),
    manifest: async (reference, { signal } = {}) => (await getManifest(target(signal), reference))?.manifest,
    resolve: (reference, { signal } = {}) => resolveManifest(target(signal), reference),
    putManifest: (manifest, tag, { signal } = {}) => putManifest(target(signal), manifest, tag),
    tags: ({ signal } = {}) => listTags(target(signal)),
    referrers: (subject, { signal, artifactType } = {}) =>
      listReferrers(target(signal), subject, artifactType),
  }
}

const tagsAnswer = z.looseObject({ tags: z.array(z.string()).nullish() })

/** Page by page; some registries refuse more than a thousand at a time. */
async function* listTags(target: UploadTarget): AsyncGenerator<string> {
  const { connection, repository, signal } = target
  let at: string | URL | undefined = `${repository}/tags/list?n=1000`
  const pages = new Pages(target)
  while (at !== undefined) {
    const answer = await connection.call({
      method: 'GET',
      at,
      scopes: [scopeOf(repository, false)],
      answers: [200, 404],
      what: `listing the tags of ${connection.host}/${repository}`,
      signal,
    })
    if (answer.status === 404) {
      answer.discard()
      return
    }
    yield* readTags(await answer.text(64 << 20), `${connection.host}/${repository}`)
    at = pages.next(answer)
  }
}

function readTags(text: string, where: string): readonly string[] {
  try {
    return tagsAnswer.parse(JSON.parse(text)).tags ?? []
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error
    throw new UserError('OCI_TAGS', `The list of tags of ${where} is no list.`, {
      hint: 'The registry, or a proxy before it, does not follow the distribution specification.',
      cause: error,
    })
  }
}
