import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { demand, type Viewer, viewerOf } from './access.ts'
import { appRoutes } from './app-routes.ts'
import { addAsset, assetRoutes, uploadOperation } from './asset-routes.ts'
import { contentRoutes } from './content-routes.ts'
import { type Answer, type Body, type Call, Denial, type Handlers, notFound } from './exchange.ts'
import { type Fault, holdBack, type SeenRequest } from './faults.ts'
import { gitRoutes } from './git-routes.ts'
import { issueRoutes } from './issue-routes.ts'
import { Limits } from './limits.ts'
import { githubDescription, type Operation } from './openapi.ts'
import { pullRoutes } from './pull-routes.ts'
import { releaseRoutes } from './release-routes.ts'
import { repositoryRoutes } from './repository-routes.ts'
import { statusRoutes } from './status-routes.ts'
import { workflowRoutes } from './workflow-routes.ts'
import type { World } from './world.ts'

const handlers: Handlers = {
  ...appRoutes,
  ...assetRoutes,
  ...contentRoutes,
  ...gitRoutes,
  ...issueRoutes,
  ...pullRoutes,
  ...releaseRoutes,
  ...repositoryRoutes,
  ...statusRoutes,
  ...workflowRoutes,
}

export const apiPrefix = '/api/v3'
export const uploadPrefix = '/api/uploads'

/** Answers requests of the API: faults, limits, permissions, the description's word, the handler, the description's word again. */
export class Api {
  readonly #world: World
  readonly #limits: Limits
  readonly #description = githubDescription()
  /** Writes come one after the other, as in one database. */
  #lastWrite: Promise<unknown> = Promise.resolve()
  /** What was against the description, on either side, and handlers that broke. */
  readonly violations: string[] = []

  constructor(world: World) {
    this.#world = world
    this.#limits = new Limits(world.switches, () => world.settings.now())
  }

  match(method: string, url: URL): Operation | undefined {
    return this.#description.match(method, url.pathname.replace(/^\/api\/(v3|uploads)(?=\/)/, ''))
  }

  async serve(
    seen: SeenRequest,
    fault: Fault | undefined,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    const bytesMax = fault?.kind === 'cut request' ? fault.bytes : Number.POSITIVE_INFINITY
    const { bytes, isWhole } = await bodyOf(incoming, bytesMax)
    const isCut = fault?.kind === 'cut request' || !isWhole
    const answer = await this.#answer(seen, { bytes, isCut, fault })
    seen.status = answer.status
    if (isCut || fault?.kind === 'lost answer') {
      incoming.socket.resetAndDestroy()
      return
    }
    const sent = fault?.kind === 'bad gateway after success' ? badGateway : this.#withEtag(seen, answer)
    this.#limits.count(sent.status)
    send(outgoing, { ...sent, headers: { ...this.#limits.headers(), ...sent.headers } }, fault)
  }

  async #answer(
    seen: SeenRequest,
    {
      bytes,
      isCut,
      fault,
    }: { readonly bytes: Buffer; readonly isCut: boolean; readonly fault: Fault | undefined },
  ): Promise<Answer> {
    const operation = this.#description.match(seen.method, seen.path)
    const check = (answer: Answer): Answer => {
      if (operation !== undefined && !isCut)
        this.#note(
          this.#description.answerFaults(operation, answer.status, answer.json),
          `answer ${operation.name}`,
        )
      return answer
    }
    try {
      if (operation === undefined) throw notFound()
      const viewer = this.viewer(seen.headers.authorization)
      const perform = () =>
        this.#perform(operation, { seen, bytes, viewer, isCut }).finally(() => holdBack(fault))
      return check(await this.#limits.during(seen.method, perform))
    } catch (error) {
      if (error instanceof Denial) return check(error.answer())
      this.violations.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
      return new Denial(500, 'The stand-in is broken').answer()
    }
  }

  viewer(authorization: string | undefined): Viewer {
    const { app, now } = this.#world.settings
    return viewerOf(authorization, { tokens: this.#world.tokens, app, now: now() })
  }

  async #perform(
    operation: Operation,
    {
      seen,
      bytes,
      viewer,
      isCut,
    }: Pick<Call, 'bytes' | 'viewer'> & { readonly seen: SeenRequest; readonly isCut: boolean },
  ): Promise<Answer> {
    const { owner, name, isPrivate } = this.#world.settings
    const { parameters } = operation
    if (
      parameters['owner'] !== undefined &&
      `${parameters['owner']}/${parameters['repo']}` !== `${owner}/${name}`
    )
      throw notFound()
    const isUpload = operation.name === uploadOperation
    const handler = handlers[operation.name]
    if (handler === undefined) throw new Error(`${operation.name} is described, and not built here`)
    demand(viewer, handler.needs, isPrivate)
    const body = isUpload ? {} : this.#parsed(bytes)
    const call: Call = {
      parameters,
      query: seen.query,
      headers: seen.headers,
      body: body ?? {},
      bytes,
      viewer,
    }
    if (isCut && !isUpload) throw new Denial(400, 'Problems parsing JSON')
    if (isCut) return this.#keepBeginning(call)
    const faults = this.#description.requestFaults(operation, seen.query, body)
    this.#note(faults, `request ${operation.name}`)
    if (faults.length > 0) throw new Denial(422, `Invalid request.\n\n${faults.join('\n')}`)
    if (seen.method === 'GET') return handler.answer(this.#world, call)
    const write = this.#lastWrite.then(() => handler.answer(this.#world, call))
    this.#lastWrite = write.catch(() => undefined)
    return write
  }

  #keepBeginning(call: Call): Answer {
    const release = this.#world.releases.find(({ id }) => String(id) === call.parameters['release_id'])
    if (release !== undefined) addAsset(this.#world, release, call, 'starter')
    return { status: 400 }
  }

  #parsed(bytes: Buffer): Body | undefined {
    if (bytes.length === 0) return undefined
    try {
      return JSON.parse(bytes.toString()) as Body
    } catch {
      throw new Denial(400, 'Problems parsing JSON')
    }
  }

  #note(faults: readonly string[], where: string): void {
    this.violations.push(...faults.map((fault) => `${where}: ${fault}`))
  }

  /** RFC 9110, 13.1.2. */
  #withEtag({ method, headers }: SeenRequest, answer: Answer): Answer {
    if (!this.#world.switches.etags || method !== 'GET' || answer.json === undefined || answer.status !== 200)
      return answer
    const hash = createHash('sha256').update(JSON.stringify([answer.json, answer.headers?.['link']]))
    const etag = `W/"${hash.digest('hex')}"`
    const more = { ...answer.headers, etag, 'cache-control': 'private, max-age=60, s-maxage=60' }
    if (headers['if-none-match']?.split(/, */).includes(etag) === true) return { status: 304, headers: more }
    return { ...answer, headers: more }
  }
}

const badGateway: Answer = {
  status: 502,
  bytes: Buffer.from('<html><head><title>502 Bad Gateway</title></head></html>'),
  headers: { 'content-type': 'text/html' },
}

export function send(outgoing: ServerResponse, answer: Answer, fault?: Fault): void {
  const { status, json, headers = {} } = answer
  const body = answer.bytes ?? (json === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(json)))
  const type = json === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }
  const length = status === 204 || status === 304 ? {} : { 'content-length': String(body.length) }
  outgoing.writeHead(status, { ...type, ...length, ...headers })
  if (fault?.kind === 'cut answer') {
    outgoing.write(body.subarray(0, fault.bytes), () => outgoing.socket?.resetAndDestroy())
    return
  }
  outgoing.end(body)
}

/** Not whole: as much as is wanted, or the client has gone. */
async function bodyOf(
  incoming: IncomingMessage,
  bytesMax: number,
): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const chunks: Buffer[] = []
  let length = 0
  let isWhole = true
  try {
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      chunks.push(chunk as Buffer)
      length += (chunk as Buffer).length
      if (length >= bytesMax) break
    }
  } catch (error) {
    if (!incoming.destroyed) throw error
    isWhole = false
  }
  return { bytes: Buffer.concat(chunks).subarray(0, Math.min(length, bytesMax)), isWhole }
}
