import { createHash } from 'node:crypto'
import { UserError } from '../../errors.ts'
import { type RetryOptions, retryTransient } from '../../lib/retry.ts'
import type { HttpClient } from '../http.ts'
import { shownUrl } from '../http-errors.ts'
import type { Inspection, NewPin } from '../source.ts'
import { type Checksum, checksumOf } from './checksums.ts'
import { fileNameOf } from './file-name.ts'
import type { HttpsOptions } from './options.ts'

/** How the declared server is reached. */
export interface HttpsAccess {
  readonly http: HttpClient
  readonly authorization: (url: URL) => string | undefined
  readonly retry: RetryOptions
}

/** Downloads what is at the address now, checks it with what its publisher says, and gives its SHA-256. */
export async function newHttpsPin(
  written: HttpsOptions,
  access: HttpsAccess,
  inspection: Inspection,
): Promise<NewPin> {
  const { url, checksums, sha256 } = written
  const list = checksums === undefined ? undefined : await read(checksums, listSizeMax, access)
  const listVouchers = list === undefined ? [] : await signersOf(list, written, access, inspection)
  const wanted = list && checksumOf(text(list), fileNameOf(new URL(url)), shown(checksums ?? url))
  const isSigned = list === undefined && written.signature !== undefined
  const file = await receive(written, access, wanted?.algorithm ?? 'sha256', isSigned)
  if (wanted !== undefined && file.wanted !== wanted.hex) throw otherFile(written, wanted, file.wanted)
  const fileVouchers =
    file.bytes === undefined ? [] : await signersOf(file.bytes, written, access, inspection)
  const listed = checksums === undefined ? [] : [`checksums ${shown(checksums)}`]
  return {
    option: 'sha256',
    from: sha256,
    to: file.sha256,
    vouchers: [...listed, ...listVouchers, ...fileVouchers],
  }
}

async function signersOf(
  data: Uint8Array,
  { signature, signedBy = [] }: HttpsOptions,
  access: HttpsAccess,
  { verifySignature }: Inspection,
): Promise<readonly string[]> {
  if (signature === undefined) return []
  const bytes = await read(signature, listSizeMax, access)
  try {
    return [`signature of ${await verifySignature(data, bytes, signedBy)}`]
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause
    throw new UserError('SOURCE_SIGNATURE', `${shown(signature)}: ${cause.message}`, {
      hint: `${cause.hint ?? ''}\nNothing was pinned. The keys that may sign are those of "signedBy".`.trim(),
      cause,
    })
  }
}

/** More than any list of checksums has. */
const listSizeMax = 8 << 20
/** A signature of a file is checked over all of it at once. */
const signedSizeMax = 1 << 30

interface Received {
  readonly sha256: string
  /** The digest that the publisher's list has. */
  readonly wanted: string
  /** Only of a file that is signed itself. */
  readonly bytes: Uint8Array | undefined
}

function receive(
  { url, sizeMax }: HttpsOptions,
  access: HttpsAccess,
  algorithm: Checksum['algorithm'],
  isKept: boolean,
): Promise<Received> {
  const limit = isKept ? Math.min(sizeMax, signedSizeMax) : sizeMax
  return retryTransient(async () => {
    const [sha256, wanted] = [createHash('sha256'), createHash(algorithm)]
    const chunks: Uint8Array[] = []
    for await (const chunk of bodyOf(new URL(url), limit, access)) {
      sha256.update(chunk)
      wanted.update(chunk)
      if (isKept) chunks.push(chunk)
    }
    const bytes = isKept ? Buffer.concat(chunks) : undefined
    return { sha256: sha256.digest('hex'), wanted: wanted.digest('hex'), bytes }
  }, access.retry)
}

const read = (url: string, sizeMax: number, access: HttpsAccess): Promise<Uint8Array> =>
  retryTransient(async () => {
    const chunks: Uint8Array[] = []
    for await (const chunk of bodyOf(new URL(url), sizeMax, access)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }, access.retry)

async function* bodyOf(
  url: URL,
  sizeMax: number,
  { http, authorization, retry: { signal } }: HttpsAccess,
): AsyncGenerator<Uint8Array> {
  const answer = await http.get({ url, authorization, signal })
  let sizeBytes = 0
  for await (const chunk of answer.body) {
    sizeBytes += chunk.length
    if (sizeBytes > sizeMax) throw tooLarge(url, sizeMax)
    yield chunk
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const shown = (url: string): string => shownUrl(new URL(url))

const tooLarge = (url: URL, sizeMax: number): UserError =>
  new UserError('SOURCE_TOO_LARGE', `${shownUrl(url)} is larger than ${sizeMax} bytes.`, {
    hint: 'Check the address. When the file is right, raise "sizeMax" of this source; a file above 1 GiB is signed by way of "checksums".',
  })

const otherFile = (
  { url, checksums }: HttpsOptions,
  { hex, algorithm }: Checksum,
  found: string,
): UserError =>
  new UserError(
    'SOURCE_CHECKSUM_MISMATCH',
    `${shown(url)} is not the file of ${shown(checksums ?? url)}.\n${algorithm} listed: ${hex}\n${algorithm} found:  ${found}`,
    { hint: 'Nothing was pinned. The download was changed, or is still being uploaded: ask its publisher.' },
  )
