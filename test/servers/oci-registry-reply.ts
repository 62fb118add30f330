import type { IncomingMessage } from 'node:http'

export interface SeenRequest {
  readonly number: number
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
}

export interface Reply {
  readonly status: number
  readonly headers?: { readonly [name: string]: string }
  readonly body?: Buffer
}

export function errorReply(status: number, code: string, message: string): Reply {
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message }] }))
  return { status, headers: { 'content-type': 'application/json' }, body }
}
