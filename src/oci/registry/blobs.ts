import { createHash } from 'node:crypto'
import type { ByteStream } from '../../archive/compression.ts'
import { TransientError, UserError } from '../../errors.ts'
import type { Digest } from '../../lib/digest.ts'
import type { Descriptor } from '../descriptor.ts'
import { scopeOf } from './authorization.ts'
import type { HttpAnswer } from './http.ts'
import type { UploadTarget } from './upload-target.ts'

export interface BlobQuestion {
  readonly digest: Digest
  readonly sizeBytes: number
  /** For a login that may also write, where a write may follow. */
  readonly isWriting: boolean
  /** One attempt only: the caller repeats. */
  readonly isOneAttempt?: boolean
}

/** HEAD; another size than the digest's blob can have is no answer to build on. */
export async function blobThere(
  { connection, repository, signal }: UploadTarget,
  { digest, sizeBytes, isWriting, isOneAttempt = false }: BlobQuestion,
): Promise<boolean> {
  const answer = await connection[isOneAttempt ? 'once' : 'call']({
    method: 'HEAD',
    at: `${repository}/blobs/${digest}`,
    scopes: [scopeOf(repository, isWriting)],
    answers: [200, 404],
    what: `asking ${connection.host}/${repository} for the blob ${digest}`,
    signal,
  })
  answer.discard()
  if (answer.status === 404) return false
  const length = answer.headers['content-length']
  if (length === undefined || Number(length) === sizeBytes) return true
  throw new UserError(
    'OCI_DIGEST',
    `${connection.host}/${repository} has a blob ${digest} of ${length} bytes; it must have ${sizeBytes}.`,
    { hint: 'The registry has damaged bytes under that digest. Delete the blob there, then push again.' },
  )
}

const resumesMax = 8

/** GET, checked; a connection that breaks on the way is gone on with by a range. */
export async function* readBlob(
  { connection, repository, signal }: UploadTarget,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
): ByteStream {
  const what = `reading the blob ${digest} of ${connection.host}/${repository}`
  const hash = createHash('sha256')
  let readBytes = 0
  for (let resumes = 0; ; resumes++) {
    const start = readBytes
    const answer = await connection.call({
      method: 'GET',
      at: `${repository}/blobs/${digest}`,
      scopes: [scopeOf(repository, false)],
      headers: start === 0 ? {} : { range: `bytes=${start}-` },
      answers: start === 0 ? [200, 404] : [200, 206],
      what,
      signal,
    })
    if (answer.status === 404) {
      answer.discard()
      throw absentError(digest, `${connection.host}/${repository}`)
    }
    try {
      for await (const piece of fromByte(answer, start)) {
        readBytes += piece.length
        if (readBytes > size) break
        hash.update(piece)
        yield piece
      }
      break
    } catch (error) {
      if (!(error instanceof TransientError) || resumes === resumesMax) throw error
      signal?.throwIfAborted()
    }
  }
  if (readBytes !== size) throw wrongError(digest, `has not ${size} bytes`, connection.host)
  if (`sha256:${hash.digest('hex')}` !== digest) throw wrongError(digest, 'has other bytes', connection.host)
}

/** A server that knows no ranges sends everything again. */
async function* fromByte(answer: HttpAnswer, start: number): ByteStream {
  let leftBytes = answer.status === 206 ? 0 : start
  for await (const piece of answer.body) {
    if (leftBytes >= piece.length) {
      leftBytes -= piece.length
      continue
    }
    yield leftBytes === 0 ? piece : piece.subarray(leftBytes)
    leftBytes = 0
  }
}

const absentError = (digest: Digest, place: string): UserError =>
  new UserError(
    'OCI_BLOB_ABSENT',
    `The blob ${digest} is not in ${place}, although a manifest there names it.`,
    {
      hint: 'The image is incomplete. Push it again from where it was built.',
    },
  )

const wrongError = (digest: Digest, what: string, host: string): UserError =>
  new UserError('OCI_DIGEST', `What ${host} gives for ${digest} ${what}.`, {
    hint: 'The registry is broken, or something on the way changed the bytes. Do not use the image.',
  })
