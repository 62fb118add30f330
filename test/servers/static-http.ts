import { type FileHandle, open } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join, posix } from 'node:path'
import { pipeline } from 'node:stream/promises'

export interface StaticRequest {
  readonly method: string
  readonly path: string
  readonly status: number
  /** The Range header, as asked. */
  readonly range?: string
  readonly userAgent: string
}

export interface StaticServer {
  /** Without a slash at the end. */
  readonly url: string
  /** In the order of their arrival. */
  readonly requests: readonly StaticRequest[]
  close(): Promise<void>
}

/** Serves a folder as a plain web server does (RFC 9110): ranges, ETag, conditional requests. Each answer comes from one open file, so that files may be replaced meanwhile. */
export async function serveFolder(folder: string): Promise<StaticServer> {
  const requests: StaticRequest[] = []
  const server = createServer((request, response) => {
    const entry = entryOf(request)
    requests.push(entry)
    answer(folder, { request, response, entry }).catch((error: unknown) => {
      entry.status = 500
      response.destroy(error instanceof Error ? error : new Error(String(error)))
    })
  })
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())))
    },
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') return reject(new Error('no TCP address'))
      resolve(address.port)
    })
  })
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly entry: { status: number }
}

function entryOf({ method = '', url = '', headers }: IncomingMessage) {
  const entry = { method, path: pathOf(url), status: 0, userAgent: headers['user-agent'] ?? '' }
  return headers.range === undefined ? entry : { ...entry, range: headers.range }
}

/** The status is recorded before the client can know it. */
function begin({ response, entry }: Exchange, status: number, headers: Headers): void {
  entry.status = status
  response.writeHead(status, headers)
}

type Headers = Readonly<Record<string, string | number>>

function end(exchange: Exchange, status: number, headers: Headers = {}): void {
  begin(exchange, status, status === 304 ? headers : { ...headers, 'Content-Length': 0 })
  exchange.response.end()
}

const pathOf = (url: string): string => decodeURIComponent(new URL(url, 'http://localhost').pathname)

async function answer(folder: string, exchange: Exchange): Promise<void> {
  const { method = '', url = '' } = exchange.request
  if (method !== 'GET' && method !== 'HEAD') return end(exchange, 405, { Allow: 'GET, HEAD' })
  // Dots cannot lead out of an absolute path, so this one stays in the folder.
  const file = await openFile(join(folder, posix.normalize(pathOf(url))))
  if (file === undefined) return end(exchange, 404)
  try {
    await answerFile(file, exchange)
  } finally {
    await file.close()
  }
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  let file: FileHandle
  try {
    file = await open(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code)))
      return
    throw error
  }
  if ((await file.stat()).isFile()) return file
  await file.close()
  return undefined
}

async function answerFile(file: FileHandle, exchange: Exchange): Promise<void> {
  const { request, response } = exchange
  const { size, mtime, ino, mtimeNs } = await statOf(file)
  const validators = {
    ETag: `"${ino.toString(16)}-${size.toString(16)}-${mtimeNs.toString(16)}"`,
    'Last-Modified': mtime.toUTCString(),
    'Accept-Ranges': 'bytes',
  }
  if (isUnchanged(request, validators.ETag, mtime)) return end(exchange, 304, validators)
  const range = rangeOf(request, size, validators)
  if (range === 'unsatisfiable') return end(exchange, 416, { 'Content-Range': `bytes */${size}` })
  const { start, end: last } = range ?? { start: 0, end: size - 1 }
  begin(exchange, range === undefined ? 200 : 206, {
    ...validators,
    'Content-Type': 'application/octet-stream',
    'Content-Length': last - start + 1,
    ...(range === undefined ? {} : { 'Content-Range': `bytes ${start}-${last}/${size}` }),
  })
  if (request.method === 'HEAD' || size === 0) {
    response.end()
    return
  }
  await send(file.createReadStream({ start, end: last, autoClose: false }), response)
}

async function send(body: NodeJS.ReadableStream, response: ServerResponse): Promise<void> {
  try {
    await pipeline(body, response)
  } catch (error) {
    // Clients may hang up when they have seen enough.
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ERR_STREAM_PREMATURE_CLOSE' && code !== 'ECONNRESET' && code !== 'EPIPE') throw error
  }
}

async function statOf(file: FileHandle) {
  const { size, mtime, ino, mtimeNs } = await file.stat({ bigint: true })
  return { size: Number(size), mtime, ino, mtimeNs }
}

/** RFC 9110, 13.2.2: If-None-Match wins over If-Modified-Since, whose dates have whole seconds. */
function isUnchanged({ headers }: IncomingMessage, etag: string, mtime: Date): boolean {
  const noneMatch = headers['if-none-match']
  if (noneMatch !== undefined) {
    return noneMatch.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')))
  }
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return Math.floor(mtime.getTime() / 1000) * 1000 <= since
}

type Range = { readonly start: number; readonly end: number }

/** RFC 9110, 14: one range; several, or one in other units, may be ignored. */
function rangeOf(
  { headers }: IncomingMessage,
  size: number,
  validators: Readonly<Record<'ETag' | 'Last-Modified', string>>,
): Range | 'unsatisfiable' | undefined {
  const condition = headers['if-range']
  if (condition !== undefined && condition !== validators.ETag && condition !== validators['Last-Modified']) {
    return undefined
  }
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? []
  if (first === undefined || last === undefined || first + last === '') return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const bound = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return start > bound ? 'unsatisfiable' : { start, end: bound }
}
