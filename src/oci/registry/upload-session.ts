import { UserError } from '../../errors.ts'
import type { BlobSource } from '../oci-store.ts'
import { scopeOf } from './authorization.ts'
import type { HttpAnswer } from './http.ts'
import type { UploadTarget } from './upload-target.ts'

/** Where the bytes of one blob go. */
export interface UploadSession {
  readonly url: URL
  /** Distribution specification, `OCI-Chunk-Min-Length`: pieces but the last have at least so many bytes. */
  readonly chunkBytesMin: number
}

/** Undefined: neither mounted nor opened; the session that the registry opened instead, if it did. */
export async function mount(
  target: UploadTarget,
  { digest }: BlobSource,
  from: string,
): Promise<'mounted' | UploadSession | undefined> {
  const { connection, repository, signal } = target
  const query = new URLSearchParams({ mount: digest, from })
  const what = `mounting the blob ${digest} from ${connection.host}/${from}`
  try {
    const answer = await connection.call({
      method: 'POST',
      at: `${repository}/blobs/uploads/?${query}`,
      scopes: [scopeOf(repository, true), scopeOf(from, false)],
      headers: { 'content-length': '0' },
      answers: [201, 202],
      what,
      signal,
    })
    answer.discard()
    return answer.status === 201 ? 'mounted' : sessionIn(answer, target, what)
  } catch (error) {
    // Whoever may not read there, or meets a registry that cannot mount, can still upload here.
    if (error instanceof UserError && refusedMounts.has(error.code)) return undefined
    throw error
  }
}

const refusedMounts: ReadonlySet<string> = new Set(['OCI_UNAUTHORIZED', 'OCI_FORBIDDEN', 'OCI_REGISTRY'])

/** One attempt: the caller repeats. */
export async function openSession(target: UploadTarget): Promise<UploadSession> {
  const { connection, repository, signal } = target
  const what = `starting an upload to ${connection.host}/${repository}`
  const answer = await connection.once({
    method: 'POST',
    at: `${repository}/blobs/uploads/`,
    scopes: [scopeOf(repository, true)],
    headers: { 'content-length': '0' },
    answers: [202],
    what,
    signal,
  })
  answer.discard()
  return sessionIn(answer, target, what)
}

function sessionIn({ headers }: HttpAnswer, { connection }: UploadTarget, what: string): UploadSession {
  const least = Number(headers['oci-chunk-min-length'] ?? 0)
  return {
    url: connection.resolve(headers.location, what),
    chunkBytesMin: Number.isSafeInteger(least) ? least : 0,
  }
}
