import { TransientError, UserError } from '../../errors.ts'
import type { BlobPut, BlobSource } from '../oci-store.ts'
import { scopeOf } from './authorization.ts'
import { blobThere } from './blobs.ts'
import { chunkRanges, exactly, upTo } from './upload-body.ts'
import { mount, openSession, type UploadSession } from './upload-session.ts'
import type { UploadTarget } from './upload-target.ts'

/** For a proxy that refused a whole blob. */
const chunkBytesUsual = 16 << 20

/**
 * Distribution specification 1.1, "Pushing blobs": there already → mounted from another repository → uploaded. A broken
 * upload is gone on with where the registry has got to, when it tells; else it starts anew.
 */
export async function putBlob(target: UploadTarget, source: BlobSource): Promise<BlobPut> {
  const { connection, repository, signal } = target
  return connection.uploads.use(async () => {
    if (await blobThere(target, { ...source, isWriting: true })) return 'present'
    const from = source.mountFrom
    if (from?.registry === connection.host && from.repository !== repository) {
      const mounted = await mount(target, source, from.repository)
      if (mounted === 'mounted') return mounted
      await upload(target, source, mounted)
      return 'uploaded'
    }
    await upload(target, source, undefined)
    return 'uploaded'
  }, signal)
}

/** Where an upload has got to. */
interface Progress {
  session: UploadSession | undefined
  sentBytes: number
  chunkBytes: number | undefined
}

async function upload(
  target: UploadTarget,
  source: BlobSource,
  session: UploadSession | undefined,
): Promise<void> {
  const { connection, signal } = target
  const progress: Progress = { session, sentBytes: 0, chunkBytes: connection.options.chunkBytes }
  await connection.retrying(async (attempt) => {
    if (attempt > 1) {
      // The answer to what was sent last may be all that was lost.
      if (await blobThere(target, { ...source, isWriting: true, isOneAttempt: true })) return
      await findProgress(target, progress)
    }
    const isResumed = progress.sentBytes > 0
    progress.session ??= await openSession(target)
    try {
      await sendRest(target, source, progress)
    } catch (error) {
      throw afterFailure(error, progress, isResumed)
    }
  }, signal)
}

/** What can be tried in another way is transient. */
function afterFailure(error: unknown, progress: Progress, isResumed: boolean): unknown {
  if (!(error instanceof UserError)) return error
  if (error.code === 'OCI_TOO_LARGE' && progress.chunkBytes === undefined) {
    Object.assign(progress, { session: undefined, sentBytes: 0, chunkBytes: chunkBytesUsual })
    return new TransientError('OCI_TOO_LARGE', `${error.message} It goes in pieces then.`, { cause: error })
  }
  // The registry counted otherwise than we do; from the start there is nothing to count.
  if (isResumed && error.code === 'OCI_REGISTRY') {
    Object.assign(progress, { session: undefined, sentBytes: 0 })
    return new TransientError('OCI_UPLOAD_LOST', `${error.message} It starts anew then.`, { cause: error })
  }
  return error
}

/** Distribution specification, "Pushing a blob in chunks": GET on the session tells the last byte that was stored. */
async function findProgress(target: UploadTarget, progress: Progress): Promise<void> {
  const { connection, repository, signal } = target
  const { session } = progress
  Object.assign(progress, { session: undefined, sentBytes: 0 })
  if (session === undefined) return
  const what = `asking ${connection.host} how far an upload has got`
  const answer = await connection.once({
    method: 'GET',
    at: session.url,
    scopes: [scopeOf(repository, true)],
    answers: [204, 202, 404, 400, 405],
    what,
    signal,
  })
  answer.discard()
  const [, end] = /^(?:bytes=)?0-(\d+)$/.exec(answer.headers.range ?? '') ?? []
  if (answer.status >= 400 || end === undefined) return
  const { location } = answer.headers
  // "0-0" is said both for one byte and for none.
  const sentBytes = Number(end) === 0 ? 0 : Number(end) + 1
  Object.assign(progress, {
    session: location === undefined ? session : { ...session, url: connection.resolve(location, what) },
    sentBytes,
  })
}

async function sendRest(target: UploadTarget, source: BlobSource, progress: Progress): Promise<void> {
  const { connection, repository, signal } = target
  const { digest, sizeBytes } = source
  const what = `uploading the blob ${digest} to ${connection.host}/${repository}`
  const scopes = [scopeOf(repository, true)]
  const isWhole = progress.sentBytes === 0 && progress.chunkBytes === undefined
  if (!isWhole) await sendChunks(target, source, progress, what)
  const url = withDigest(progress.session?.url, digest)
  const answer = await connection.once({
    method: 'PUT',
    at: url,
    scopes,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(isWhole ? sizeBytes : 0),
    },
    ...(isWhole && { body: () => exactly(source.open(), sizeBytes, digest) }),
    answers: [201, 204, 404],
    what,
    signal,
  })
  answer.discard()
  if (answer.status === 404) throw lostSession(what)
  const stored = answer.headers['docker-content-digest']
  if (typeof stored === 'string' && stored !== digest) {
    throw new UserError('OCI_DIGEST', `${connection.host} stored the blob ${digest} as ${stored}.`, {
      hint: 'The registry is broken, or something on the way changed the bytes. Nothing that has a tag was changed.',
    })
  }
}

async function sendChunks(
  { connection, repository, signal }: UploadTarget,
  source: BlobSource,
  progress: Progress,
  what: string,
): Promise<void> {
  const { chunkBytes = Number.POSITIVE_INFINITY, session } = progress
  if (session === undefined) throw new Error('An upload without a session')
  const { chunkBytesMin } = session
  for (const chunk of chunkRanges(
    progress.sentBytes,
    source.sizeBytes,
    Math.max(chunkBytes, chunkBytesMin),
  )) {
    const length = chunk.end - chunk.start
    const answer = await connection.once({
      method: 'PATCH',
      at: progress.session?.url ?? session.url,
      scopes: [scopeOf(repository, true)],
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(length),
        'content-range': `${chunk.start}-${chunk.end - 1}`,
      },
      body: () => exactly(upTo(source.open(chunk.start), length), length, source.digest),
      answers: [202, 204, 201, 404, 416],
      what,
      signal,
    })
    answer.discard()
    if (answer.status >= 400) throw lostSession(what)
    progress.session = { url: connection.resolve(answer.headers.location, what), chunkBytesMin }
    progress.sentBytes = chunk.end
  }
}

/** Ended by a request that was repeated on the way, or forgotten by the registry: the blob may even be there. */
const lostSession = (what: string): TransientError =>
  new TransientError('OCI_UPLOAD_LOST', `The registry does not know the upload any more, while ${what}.`, {
    hint: 'Run it again; what is there is not sent again.',
  })

/** A session's address carries state of the registry; it is only added to. */
function withDigest(session: URL | undefined, digest: string): URL {
  if (session === undefined) throw new Error('An upload without a session')
  const url = new URL(session)
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`
  return url
}
