import type { IncomingHttpHeaders } from 'node:http'
import type { Viewer } from './access.ts'
import type { Json } from './openapi.ts'
import type { World } from './world.ts'

/** A request of the API that was understood and allowed. */
export interface Call {
  /** Of the address, decoded. */
  readonly parameters: { readonly [name: string]: string }
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** The JSON of the request, which the description allows; empty when there is none. */
  readonly body: Body
  readonly bytes: Buffer
  readonly viewer: Viewer
}

/** Shapes are checked before: here they are only read. */
export interface Body {
  readonly [name: string]: Json | undefined
}

export interface Answer {
  readonly status: number
  readonly json?: Json
  readonly bytes?: Buffer
  readonly headers?: { readonly [name: string]: string }
}

export type Permission = 'contents' | 'pull_requests' | 'issues' | 'statuses' | 'checks' | 'actions'

export interface Handler {
  readonly needs: `${Permission}:write` | 'read' | 'app'
  answer(world: World, call: Call): Answer | Promise<Answer>
}

/** By the name of the operation, such as `GET /repos/{owner}/{repo}`. */
export type Handlers = { readonly [operation: string]: Handler }

/** An answer that says no, thrown. */
export class Denial extends Error {
  readonly status: number
  readonly errors: readonly Json[] | undefined
  readonly headers: { readonly [name: string]: string }
  readonly documentation: string

  constructor(
    status: number,
    message: string,
    more: {
      readonly errors?: readonly Json[]
      readonly headers?: { readonly [name: string]: string }
      readonly documentation?: string
    } = {},
  ) {
    super(message)
    this.status = status
    this.errors = more.errors
    this.headers = more.headers ?? {}
    this.documentation = more.documentation ?? 'https://docs.github.com/rest'
  }

  answer(): Answer {
    const errors = this.errors === undefined ? {} : { errors: [...this.errors] }
    return {
      status: this.status,
      headers: this.headers,
      json: {
        message: this.message,
        ...errors,
        documentation_url: this.documentation,
        status: String(this.status),
      },
    }
  }
}

export const notFound = (): Denial => new Denial(404, 'Not Found')

/** 422, with the reasons as GitHub gives them. */
export const invalid = (...errors: readonly Json[]): Denial =>
  new Denial(422, 'Validation Failed', { errors })

export const ok = (json: Json): Answer => ({ status: 200, json })
export const created = (json: Json): Answer => ({ status: 201, json })
export const noContent: Answer = { status: 204 }

/** A page of a list, as asked, with links to the others (RFC 8288). */
export function page<Item>(
  { query }: Call,
  items: readonly Item[],
  address: string,
  pageSizeMax: number,
): { readonly items: readonly Item[]; readonly headers: { readonly [name: string]: string } } {
  const size = Math.min(Number(query.get('per_page') ?? 30), 100, pageSizeMax)
  const number = Math.max(1, Number(query.get('page') ?? 1))
  const last = Math.max(1, Math.ceil(items.length / size))
  const link = (target: number, relation: string): string => {
    const copy = new URLSearchParams(query)
    copy.set('page', String(target))
    return `<${address}?${copy}>; rel="${relation}"`
  }
  const links = [
    ...(number > 1 ? [link(number - 1, 'prev')] : []),
    ...(number < last ? [link(number + 1, 'next'), link(last, 'last')] : []),
    ...(number > 1 ? [link(1, 'first')] : []),
  ]
  const headers: Record<string, string> = links.length === 0 ? {} : { link: links.join(', ') }
  return { items: items.slice((number - 1) * size, number * size), headers }
}
