import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { TransientError, UserError } from '../errors.ts'
import { closing, codeOf, fileSystemError } from '../lib/atomic-file.ts'
import { retryTransient } from '../lib/retry.ts'
import type { HttpAnswer, HttpClient } from './http.ts'
import { shownUrl } from './http-errors.ts'
import { claimPartial, type Partial } from './partial.ts'
import type { SourceContext } from './source.ts'
import { sourceRetry } from './source-retry.ts'

export interface Download {
  readonly url: URL
  readonly authorization?: (url: URL) => string | undefined
  readonly integrity: Integrity
  readonly sizeBytesMax: number
}

/** What the bytes must hash to. */
export interface Integrity {
  readonly algorithm: 'sha256' | 'sha384' | 'sha512'
  readonly hex: string
  /** As people wrote it, for messages. */
  readonly show: (hex: string) => string
}

/**
 * Downloads into an unfinished file named after the pin, goes on where an earlier attempt stopped, and gives the
 * file to `use` only when its bytes are the pinned ones. Other bytes are removed; `use` is followed by removal too.
 */
export async function withDownload<Result>(
  download: Download,
  { http, ...context }: SourceContext & { readonly http: HttpClient },
  signal: AbortSignal,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const partial = await claimPartial(await context.store.scratch('partial'), download.integrity.hex)
  try {
    await retryTransient(() => complete(download, partial, http, signal), sourceRetry(context, signal))
    const result = await use(partial.path)
    await partial.remove()
    return result
  } catch (error) {
    // What was received stays for the next attempt; after a mismatch there is nothing any more.
    await partial.release()
    throw error
  }
}

/** One attempt. Bytes from an earlier attempt may be stale or damaged, so a mismatch after resuming starts anew once. */
async function complete(
  download: Download,
  partial: Partial,
  http: HttpClient,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const received = await receive(download, partial, http, signal)
    if (received.hex === download.integrity.hex) return
    await partial.remove()
    if (!received.wasResumed) throw mismatch(download, received.hex)
  }
}

interface Received {
  readonly hex: string
  readonly wasResumed: boolean
}

async function receive(
  download: Download,
  partial: Partial,
  http: HttpClient,
  signal: AbortSignal,
): Promise<Received> {
  const hash = createHash(download.integrity.algorithm)
  const offset = await hashFile(partial.path, hash, signal)
  // All was there already: an earlier process ended between the last byte and its use.
  const soFar = hash.copy().digest('hex')
  if (soFar === download.integrity.hex) return { hex: soFar, wasResumed: true }
  const answer = await http.get({
    url: download.url,
    headers: await rangeHeaders(offset, partial),
    signal,
    answers: [206, 416],
    ...(download.authorization === undefined ? {} : { authorization: download.authorization }),
  })
  const isContinued = answer.status === 206 && rangeStart(answer) === offset
  if (answer.status !== 200 && !isContinued) {
    // 416 or another part: the file there is not the one that this one began as.
    answer.discard()
    await partial.remove()
    throw new TransientError(
      'SOURCE_RANGE',
      `${shownUrl(download.url)} does not have the part that was asked for.`,
    )
  }
  const from = isContinued ? offset : 0
  await partial.rememberEntityTag(answer.headers.etag)
  const whole = isContinued ? hash : createHash(download.integrity.algorithm)
  await writeBody(answer, { download, path: partial.path, from, hash: whole })
  return { hex: whole.digest('hex'), wasResumed: from > 0 }
}

async function rangeHeaders(offset: number, partial: Partial): Promise<{ [name: string]: string }> {
  if (offset === 0) return {}
  const entityTag = await partial.entityTag()
  // Without a tag the range is asked for all the same: the pin tells whether the parts fit.
  return { range: `bytes=${offset}-`, ...(entityTag === undefined ? {} : { 'if-range': entityTag }) }
}

function rangeStart(answer: HttpAnswer): number | undefined {
  const start = /^bytes (\d+)-/.exec(answer.headers['content-range'] ?? '')?.[1]
  return start === undefined ? undefined : Number(start)
}

interface Body {
  readonly download: Download
  readonly path: string
  readonly from: number
  readonly hash: Hash
}

async function writeBody(answer: HttpAnswer, body: Body): Promise<void> {
  try {
    const file = await open(body.path, body.from === 0 ? 'w' : 'a', 0o600)
    await closing(file, () => copyBody(answer, file, body))
  } catch (error) {
    answer.discard()
    throw fileSystemError(error, 'write the download into', dirname(body.path))
  }
}

async function copyBody(answer: HttpAnswer, file: FileHandle, body: Body): Promise<void> {
  const { url, sizeBytesMax } = body.download
  const announced = body.from + Number(answer.headers['content-length'] ?? 0)
  if (announced > sizeBytesMax) throw tooLarge(url, sizeBytesMax)
  let sizeBytes = body.from
  for await (const chunk of answer.body) {
    sizeBytes += chunk.length
    if (sizeBytes > sizeBytesMax) throw tooLarge(url, sizeBytesMax)
    body.hash.update(chunk)
    await file.writeFile(chunk)
  }
}

/** Hashes what an earlier attempt left; gives its size. */
async function hashFile(path: string, hash: Hash, signal: AbortSignal): Promise<number> {
  let sizeBytes = 0
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) {
      hash.update(chunk)
      sizeBytes += chunk.length
    }
    return sizeBytes
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0
    throw fileSystemError(error, 'read', path)
  }
}

function tooLarge(url: URL, sizeBytesMax: number): UserError {
  return new UserError('SOURCE_TOO_LARGE', `${shownUrl(url)} is larger than ${sizeBytesMax} bytes.`, {
    hint: 'Check the address. When the file is right, raise "sizeMax" of this source.',
  })
}

function mismatch({ url, integrity }: Download, foundHex: string): UserError {
  return new UserError(
    'SOURCE_DIGEST_MISMATCH',
    `${shownUrl(url)} is not the pinned file.\npinned: ${integrity.show(integrity.hex)}\nfound:  ${integrity.show(foundHex)}`,
    {
      hint: 'Nothing was kept. Either the pin is of another version, or the file was changed: compare with what its makers publish before you change the pin.',
    },
  )
}
