import type { Octokit } from 'octokit'
import type { z } from 'zod'
import { TransientError, UserError } from '../../errors.ts'
import { retryTransient } from '../../lib/retry.ts'
import type { AnswerCache } from './answer-cache.ts'
import type { Budget, Edge } from './budget.ts'
import type { Credentials } from './credentials.ts'
import { answerError, GitHubError, rateLimitPauseMs } from './errors.ts'
import { bytesOf, type HttpAnswer, type HttpRequest, type Send } from './http.ts'

interface GitHubAnswer {
  readonly status: number
  readonly headers: object
  readonly data: unknown
}

/** Makes one request. Typed by octokit, from GitHub's own description. */
export type Ask = (github: Octokit) => Promise<GitHubAnswer>
export type AskPage = (
  github: Octokit,
  page: { readonly page: number; readonly per_page: number },
) => ReturnType<Ask>

export interface ConnectionOptions {
  readonly baseUrl: URL
  readonly owner: string
  readonly repo: string
  readonly budget: Budget
  readonly send: Send
  readonly answers: AnswerCache
  readonly edge: Edge
  readonly signal: AbortSignal
}

const attemptsMax = 6
/** One repository at GitHub, asked by one identity: retries, rate limits, ETags, errors in words for people. */
export class Connection {
  readonly repository: { readonly owner: string; readonly repo: string }
  readonly edge: Edge
  readonly signal: AbortSignal
  readonly #options: ConnectionOptions
  readonly #credentials: Credentials
  /** What was repeated in vain; whoever repeats around it must not begin again. */
  readonly #givenUp = new WeakSet<object>()
  #octokit: Promise<Octokit> | undefined

  constructor(options: ConnectionOptions, credentials: Credentials) {
    this.repository = { owner: options.owner, repo: options.repo }
    this.edge = options.edge
    this.signal = options.signal
    this.#options = options
    this.#credentials = credentials
  }

  get name(): string {
    return `${this.repository.owner}/${this.repository.repo}`
  }

  get baseUrl(): URL {
    return this.#options.baseUrl
  }

  /** Reads; what is not there is an error. */
  read<Shape extends z.ZodType>(what: string, shape: Shape, ask: Ask): Promise<z.output<Shape>> {
    return this.retrying(async () => this.#parsed(what, shape, (await this.#once(what, ask)).data))
  }

  /** Reads; undefined when it is not there. Where the whole repository cannot be seen, that is unknown, and throws. */
  async find<Shape extends z.ZodType>(
    what: string,
    shape: Shape,
    ask: Ask,
  ): Promise<z.output<Shape> | undefined> {
    try {
      return await this.read(what, shape, ask)
    } catch (error) {
      if (!(error instanceof GitHubError) || error.status !== 404) throw error
      await this.checkRepository()
      return undefined
    }
  }

  /** All pages. `shape` gives the items of a page. */
  async list<Item>(what: string, shape: z.ZodType<Item[]>, ask: AskPage, pagesMax = 1000): Promise<Item[]> {
    const items: Item[] = []
    for (let page = 1; page <= pagesMax; page += 1) {
      const { data, headers } = await this.retrying(() =>
        this.#once(what, (github) => ask(github, { page, per_page: 100 })),
      )
      items.push(...this.#parsed(what, shape, data))
      // "Using pagination in the REST API": the link decides, not the number of items.
      const link = 'link' in headers ? String(headers.link) : ''
      if (!/rel="?next"?/.test(link)) break
    }
    return items
  }

  /** Writes once, without a repetition: `createOnce` looks first what a lost answer (LostAnswer) was about. */
  async write<Shape extends z.ZodType>(what: string, shape: Shape, ask: Ask): Promise<z.output<Shape>> {
    return this.#parsed(what, shape, (await this.#once(what, ask)).data)
  }

  /** Writes that may be repeated: twice is the same as once. */
  set<Shape extends z.ZodType>(what: string, shape: Shape, ask: Ask): Promise<z.output<Shape>> {
    return this.read(what, shape, ask)
  }

  async retrying<Result>(work: () => Promise<Result>): Promise<Result> {
    const { wait, random } = this.edge
    // What is not to be repeated leaves the loop as a value, since the loop repeats every TransientError.
    const once = async (): Promise<{ value: Result } | { error: object }> => {
      try {
        return { value: await work() }
      } catch (error) {
        if (error instanceof TransientError && this.#givenUp.has(error)) return { error }
        throw error
      }
    }
    try {
      const result = await retryTransient(once, {
        ...{ attemptsMax, firstDelayMs: 500, delayMaxMs: 15_000, retryAfterMaxMs: 60_000 },
        ...{ signal: this.signal, random, wait },
      })
      if ('value' in result) return result.value
      throw result.error
    } catch (error) {
      if (error instanceof TransientError) this.#givenUp.add(error)
      throw error
    }
  }

  /** A repository that cannot be seen must not look as if only a part of it were absent. */
  async checkRepository(): Promise<void> {
    try {
      await this.#once('looking at the repository', (github) =>
        github.request('GET /repos/{owner}/{repo}', this.repository),
      )
    } catch (error) {
      if (!(error instanceof GitHubError) || error.status !== 404) throw error
      throw new UserError(
        'GITHUB_REPOSITORY_NOT_FOUND',
        `${this.baseUrl.host} has no repository "${this.name}", or the token may not see it.`,
        { hint: 'Check forge.github.repository, and give the token access to that repository.' },
      )
    }
  }

  async #once(what: string, ask: Ask): Promise<GitHubAnswer> {
    this.#octokit ??= this.#open()
    const octokit = await this.#octokit
    const { RequestError } = await import('octokit')
    try {
      const answer = await ask(octokit)
      // Redirects are nothing that octokit minds.
      if (answer.status >= 300) throw this.#answerError(what, answer)
      return answer
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      // Thrown by our own `fetch`: it knows better what happened.
      if (error.response === undefined) throw error.cause ?? error
      throw this.#answerError(what, error.response)
    }
  }

  #answerError(what: string, answer: GitHubAnswer): Error {
    const { now } = this.edge
    const refused = { status: answer.status, headers: { ...answer.headers }, data: answer.data }
    const purpose = { what, repository: this.name, host: this.baseUrl.host, now: now() }
    return answerError(refused, purpose)
  }

  /** Octokit's own retries and throttling are off: they would repeat writes, and know nothing of other connections. */
  async #open(): Promise<Octokit> {
    const { Octokit } = await import('octokit')
    return new Octokit({
      baseUrl: this.baseUrl.href.replace(/\/$/, ''),
      userAgent: 'hawser',
      request: { fetch: (url: string, init: RequestInit) => this.#fetch(url, init) },
      retry: { enabled: false },
      throttle: { enabled: false },
      log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    })
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const method = (init.method ?? 'GET').toUpperCase()
    const headers = Object.fromEntries(new Headers(init.headers))
    const { answers } = this.#options
    // Another identity sees another answer.
    const key = [await this.#credentials.token(), headers['accept'], url].join(' ')
    const kept = method === 'GET' ? answers.find(key) : undefined
    if (kept !== undefined) headers['if-none-match'] = kept.etag
    const body = typeof init.body === 'string' ? init.body : undefined
    const answer = await this.send({
      method,
      url: new URL(url),
      headers,
      ...(body !== undefined && { body }),
    })
    const bytes = await bytesOf(answer)
    if (answer.status === 304 && kept !== undefined)
      return responseOf(200, { ...kept.headers, ...answer.headers }, kept.bytes)
    if (method === 'GET') answers.keep(key, answer, bytes)
    return responseOf(answer.status, answer.headers, bytes)
  }

  /** A request as it is, with our token, within the budget of the host. Any status is an answer. */
  async send(request: Omit<HttpRequest, 'signal'>): Promise<HttpAnswer> {
    const token = await this.#credentials.token()
    const answer = await this.#sendAs(`Bearer ${token}`, request)
    const isStream = request.body !== undefined && typeof request.body !== 'string'
    if (answer.status !== 401 || isStream || !this.#credentials.refused(token)) return answer
    // An hour passes in the middle of a run.
    await bytesOf(answer)
    return this.#sendAs(`Bearer ${await this.#credentials.token()}`, request)
  }

  /** To another host, which must not see the token. */
  sendBare(request: Omit<HttpRequest, 'signal'>): Promise<HttpAnswer> {
    return this.#options.send({ ...request, signal: this.signal })
  }

  #sendAs(authorization: string, request: Omit<HttpRequest, 'signal'>): Promise<HttpAnswer> {
    return sendWithin(this.#options, { ...request, headers: { ...request.headers, authorization } })
  }

  /** For requests that go around octokit. */
  async failureOf(what: string, answer: HttpAnswer): Promise<Error> {
    const text = (await bytesOf(answer)).toString()
    return this.#answerError(what, { status: answer.status, headers: answer.headers, data: jsonOr(text) })
  }

  #parsed<Shape extends z.ZodType>(what: string, shape: Shape, data: unknown): z.output<Shape> {
    const parsed = shape.safeParse(data)
    if (parsed.success) return parsed.data
    const where = parsed.error.issues.map(({ path }) => path.join('.') || 'the whole').slice(0, 3)
    throw new UserError(
      'GITHUB_ANSWER',
      `${this.baseUrl.host} answered to ${what} with something that is no answer of GitHub (at ${where.join(', ')}).`,
      {
        hint: 'Check forge.github.baseUrl: it must be the address of the REST API. A proxy may also answer in its place.',
      },
    )
  }
}

/** Sends within the budget of the host, and tells the budget what the answer says about limits. */
export async function sendWithin(
  { budget, send, edge, signal }: Pick<ConnectionOptions, 'budget' | 'send' | 'edge' | 'signal'>,
  request: Omit<HttpRequest, 'signal'>,
): Promise<HttpAnswer> {
  const isWrite = request.method !== 'GET' && request.method !== 'HEAD'
  const place = { isWrite, host: request.url.host, signal }
  const answer = await budget.use(place, () => send({ ...request, signal }))
  if (answer.status !== 403 && answer.status !== 429) return answer
  const bytes = await bytesOf(answer)
  const { status, headers } = answer
  const pauseMs = rateLimitPauseMs({ status, headers, data: jsonOr(bytes.toString()) }, edge.now())
  if (pauseMs !== undefined) budget.pause(pauseMs)
  return { ...answer, body: once(bytes) }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

export function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const ignore = (): void => undefined

const withoutBody = new Set([101, 103, 204, 205, 304])

function responseOf(status: number, headers: HttpAnswer['headers'], bytes: Buffer): Response {
  const list = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) list.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  return new Response(withoutBody.has(status) ? null : new Uint8Array(bytes), { status, headers: list })
}
