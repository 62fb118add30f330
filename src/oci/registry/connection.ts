import type { ByteStream } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'
import type { Environment } from '../../lib/child.ts'
import { retryTransient } from '../../lib/retry.ts'
import { Slots } from '../../lib/slots.ts'
import type { CredentialSource } from '../credentials/credential.ts'
import { Authorization } from './authorization.ts'
import { parseChallenge } from './challenge.ts'
import { type HttpAnswer, type HttpRequest, isLoopback, openHttp, resolveAddress, type Send } from './http.ts'
import { statusError } from './registry-errors.ts'

export interface RegistryOptions {
  /** Host with port, as in references. */
  readonly host: string
  /** HTTP without TLS; loopback addresses have it unless told otherwise. */
  readonly plainHttp?: boolean | undefined
  readonly credentials: CredentialSource
  /** For proxies. */
  readonly environment: Environment
  readonly maskSecret: (secret: string) => void
  /** Blobs that are sent at the same time; 6 when not given, as other tools do. */
  readonly parallel?: number | undefined
  /** Send blobs in pieces of so many bytes, for proxies that limit requests. Whole when not given. */
  readonly chunkBytes?: number | undefined
  /** A connection without a byte for so long is given up: a minute when not given, and five for the answer to a blob. */
  readonly idleMaxMs?: number | undefined
  readonly log?: ((text: string) => void) | undefined
  /** 0 up to 1, as Math.random. */
  readonly random?: (() => number) | undefined
  /** How to wait between attempts; tests give their own. */
  readonly wait?: ((delayMs: number, signal: AbortSignal) => Promise<void>) | undefined
}

/** A request within one repository. Answers that the caller does not know how to read are thrown. */
export interface Call extends Pick<HttpRequest, 'method' | 'signal'> {
  /** A stream is opened anew when the request has to be sent again, with another login. */
  readonly body?: Uint8Array | (() => ByteStream)
  /** Below `/v2/`, or whole, as the registry gave it. */
  readonly at: string | URL
  readonly scopes: readonly string[]
  readonly headers?: { readonly [name: string]: string }
  /** Status codes that the caller reads. */
  readonly answers: readonly number[]
  readonly what: string
}

const redirectsMax = 5
const neverAborted = new AbortController().signal

/** One registry: its address, authorization, retries and limits, shared by all of its repositories. */
export class Connection {
  readonly host: string
  readonly options: RegistryOptions
  readonly uploads: Slots
  readonly #base: URL
  readonly #send: Send
  readonly #authorization: Authorization

  constructor(options: RegistryOptions) {
    this.options = options
    this.host = options.host
    this.uploads = new Slots(options.parallel ?? 6)
    this.#base = baseOf(options)
    this.#send = openHttp(options.environment, options.idleMaxMs)
    this.#authorization = new Authorization({
      host: options.host,
      plainHttp: options.plainHttp,
      credentials: options.credentials,
      maskSecret: options.maskSecret,
      send: this.#send,
    })
  }

  /** With retries; only for requests that can be repeated: no body, or one that is held in memory. */
  call(call: Call & { readonly body?: Uint8Array }): Promise<HttpAnswer> {
    return this.retrying(() => this.once(call), call.signal)
  }

  /** Repeats what failed in a way that may pass: network, 408, 429, 5xx. Honours Retry-After. */
  retrying<Result>(
    work: (attempt: number) => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const { random = Math.random, log, wait } = this.options
    return retryTransient(work, {
      attemptsMax: 6,
      firstDelayMs: 500,
      delayMaxMs: 30_000,
      signal: signal ?? neverAborted,
      random,
      onRetry: ({ error, delayMs }) => log?.(`${error.message} Again in ${Math.ceil(delayMs / 1000)} s.`),
      ...(wait !== undefined && { wait }),
    })
  }

  /** One attempt; authorization and redirects included. */
  async once(call: Call): Promise<HttpAnswer> {
    const first = await this.#authorized(call)
    let { answer } = first
    if (answer.status === 401) {
      const challenge = parseChallenge(answer.headers['www-authenticate'])
      if (this.#authorization.refused(challenge, call.scopes, first.used)) {
        answer.discard()
        answer = (await this.#authorized(call)).answer
      }
    }
    if (call.answers.includes(answer.status)) return answer
    throw statusError(
      answer.status,
      call.method === 'HEAD' ? '' : await answer.text(),
      answer.headers['retry-after'],
      { what: call.what, host: this.host },
    )
  }

  async #authorized(call: Call): Promise<{ readonly answer: HttpAnswer; readonly used: string | undefined }> {
    const authorization = await this.#authorization.header(call.scopes, call.signal)
    const { what, method, body, signal } = call
    let url = typeof call.at === 'string' ? new URL(call.at, this.#base) : call.at
    for (let redirects = 0; ; redirects++) {
      // What is sent to another host than the registry, such as where it keeps its blobs, is asked for without our name.
      const isOwn = url.host === this.#base.host && url.protocol === this.#base.protocol
      const headers = { ...call.headers, ...(isOwn && authorization !== undefined && { authorization }) }
      const answer = await this.#send({
        what,
        host: this.host,
        method,
        url,
        headers,
        ...(body !== undefined && { body: typeof body === 'function' ? body() : body }),
        signal,
      })
      const isRedirect = [301, 302, 303, 307, 308].includes(answer.status)
      if (!isRedirect || (method !== 'GET' && method !== 'HEAD')) return { answer, used: authorization }
      answer.discard()
      if (redirects === redirectsMax) throw redirectError(this.host, what, 'too often')
      const next = resolveAddress(answer.headers.location, url, { what, host: this.host })
      if (url.protocol === 'https:' && next.protocol !== 'https:')
        throw redirectError(this.host, what, 'to an address without TLS')
      url = next
    }
  }

  resolve(location: string | undefined, what: string): URL {
    const url = resolveAddress(location, this.#base, { what, host: this.host })
    // Behind a proxy that ends TLS, registries name themselves with http.
    if (url.host === this.#base.host && url.protocol !== this.#base.protocol)
      url.protocol = this.#base.protocol
    if (this.#base.protocol === 'https:' && url.protocol !== 'https:')
      throw redirectError(this.host, what, 'to an address without TLS')
    return url
  }
}

const redirectError = (host: string, what: string, how: string): UserError =>
  new UserError('OCI_REDIRECT', `${host} redirects ${how} for ${what}.`, {
    hint: 'Tell the operator of the registry.',
  })

function baseOf({ host, plainHttp }: RegistryOptions): URL {
  const isPlain = plainHttp ?? isLoopback(new URL(`http://${host}`).hostname)
  // Docker Hub's API has another name than its references.
  const address = host === 'docker.io' || host === 'index.docker.io' ? 'registry-1.docker.io' : host
  return new URL(`${isPlain ? 'http' : 'https'}://${address}/v2/`)
}
