import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'

const places = ['/usr/lib/git-core', '/usr/libexec/git-core', '/opt/homebrew/libexec/git-core']

/** Where an answer goes. */
export interface Sink {
  setHeader(name: string, value: string): unknown
  writeHead(status: number): unknown
  write(chunk: Buffer): unknown
  end(): unknown
}

/** Git's own server behind HTTP: gitprotocol-http(5), git-http-backend(1). Resolves when it has answered. */
export function serveGit(
  root: string,
  user: string | undefined,
  incoming: IncomingMessage,
  outgoing: Sink,
): Promise<void> {
  const url = new URL(incoming.url ?? '', 'http://git')
  const folder = places.find((place) => existsSync(`${place}/git-http-backend`)) ?? ''
  const header = (name: string): string => String(incoming.headers[name] ?? '')
  const env = {
    PATH: process.env['PATH'],
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    REQUEST_METHOD: incoming.method ?? '',
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: header('content-type'),
    CONTENT_LENGTH: header('content-length'),
    HTTP_CONTENT_ENCODING: header('content-encoding'),
    GIT_PROTOCOL: header('git-protocol'),
    REMOTE_ADDR: '127.0.0.1',
    ...(user === undefined ? {} : { REMOTE_USER: user }),
  }
  return new Promise((resolve, reject) => {
    const child = spawn(`${folder}/git-http-backend`, { env, stdio: ['pipe', 'pipe', 'ignore'] })
    child.stdin.on('error', () => undefined)
    incoming.pipe(child.stdin)
    // A client that was killed sends no more: git's server would wait for it.
    const { socket } = incoming
    const abandon = (): void => void child.kill('SIGKILL')
    socket.once('close', abandon)
    child.once('close', () => socket.off('close', abandon))
    let head: Buffer | undefined = Buffer.alloc(0)
    child.stdout.on('data', (chunk: Buffer) => {
      if (head === undefined) {
        outgoing.write(chunk)
        return
      }
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      writeHead(outgoing, head.subarray(0, end).toString())
      outgoing.write(head.subarray(end + 4))
      head = undefined
    })
    child.once('error', reject)
    child.once('close', () => {
      outgoing.end()
      resolve()
    })
  })
}

/** RFC 3875, 6.3. */
function writeHead(outgoing: Sink, head: string): void {
  let status = 200
  for (const line of head.split('\r\n')) {
    const [, name = '', value = ''] = /^([^:]*): *(.*)$/.exec(line) ?? []
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10)
    else outgoing.setHeader(name, value)
  }
  outgoing.writeHead(status)
}
