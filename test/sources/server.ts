import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'

export interface TestServer {
  readonly origin: string
  /** `METHOD path` with the headers that matter, in order. */
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers'] }[]
}

/** A real HTTP server on this machine, until the test ends. */
export async function serve(handler: RequestListener): Promise<TestServer> {
  const requests: { path: string; headers: IncomingMessage['headers'] }[] = []
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', headers: request.headers })
    handler(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return { origin: `http://127.0.0.1:${address.port}`, requests }
}

export interface FileServing {
  readonly etag?: string
  /** Breaks the connection after so many bytes of the file, once each. */
  readonly breakAt?: number[]
  readonly ignoreRange?: boolean
}

/** Serves bytes as object stores do: ranges, If-Range, ETag; and breaks connections when told to. */
export function serveBytes(bytes: Buffer, serving: FileServing = {}): RequestListener {
  return (request, response) => {
    const offset = rangeStart(request, serving)
    const isPart = offset !== undefined
    const body = bytes.subarray(offset ?? 0)
    response.writeHead(isPart ? 206 : 200, {
      'content-length': body.length,
      ...(serving.etag === undefined ? {} : { etag: serving.etag }),
      ...(isPart ? { 'content-range': `bytes ${offset}-${bytes.length - 1}/${bytes.length}` } : {}),
    })
    const breakAt = serving.breakAt?.shift()
    if (breakAt === undefined) response.end(body)
    else breakAfter(response, bytes.subarray(offset ?? 0, breakAt))
  }
}

function rangeStart(request: IncomingMessage, { etag, ignoreRange }: FileServing): number | undefined {
  const start = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
  const condition = request.headers['if-range']
  if (start === undefined || ignoreRange === true) return undefined
  return condition === undefined || condition === etag ? Number(start) : undefined
}

function breakAfter(response: ServerResponse, body: Buffer): void {
  // Only when the bytes have left: a reset would take back what is still in the buffers.
  response.write(body, () => response.socket?.end(() => response.destroy()))
}
