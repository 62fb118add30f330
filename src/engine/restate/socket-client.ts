import { Agent, request } from 'node:http'
import { TransientError } from '../../errors.ts'

export interface SocketRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly headers?: { readonly [name: string]: string }
}

export interface SocketAnswer {
  readonly status: number
  /** The parsed body; undefined when it is empty or no JSON. */
  readonly json: unknown
}

export interface SocketClient {
  send(request: SocketRequest): Promise<SocketAnswer>
  close(): void
}

const answerMs = 10_000

/** HTTP over one unix socket. Failures of the connection are TransientErrors. */
export function socketClient(socketPath: string): SocketClient {
  const agent = new Agent({ keepAlive: true })
  return {
    close: () => agent.destroy(),
    send: ({ method, path, body, headers = {} }) =>
      new Promise((resolve, reject) => {
        const data = body === undefined ? undefined : JSON.stringify(body)
        const content = data === undefined ? {} : { 'content-type': 'application/json' }
        const options = { socketPath, agent, method, path, timeout: answerMs }
        const failed = (cause: unknown): void => reject(unreachable(cause))
        const call = request({ ...options, headers: { accept: 'application/json', ...content, ...headers } })
        call.on('response', (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', failed)
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, json: parsed(Buffer.concat(chunks).toString()) })
          })
        })
        call.on('error', failed)
        call.on('timeout', () => call.destroy(new Error(`no answer in ${answerMs} ms`)))
        call.end(data)
      }),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Health checks and errors of proxies answer in plain text; the status says enough.
    return undefined
  }
}

function unreachable(cause: unknown): TransientError {
  return new TransientError('ENGINE_UNREACHABLE', 'The engine does not answer.', {
    hint: 'See server.log in the folder of the engine.',
    cause,
  })
}
