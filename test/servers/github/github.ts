import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AppOptions, allPermissions, type TokenOwner } from './access.ts'
import { Api, apiPrefix, send, uploadPrefix } from './api.ts'
import { BareRepository } from './bare-repository.ts'
import { type Answer, Denial } from './exchange.ts'
import { defaultSwitches, type Fault, type GitHubSwitches, holdBack, type SeenRequest } from './faults.ts'
import { serveGit } from './git-http.ts'
import { secondaryLimit } from './limits.ts'
import { referencesChanged } from './references.ts'
import { storedFile } from './stored-files.ts'
import { type WebhookOptions, Webhooks } from './webhooks.ts'
import type { ScriptedWorkflow } from './workflow.ts'
import { type GitHubEvent, World } from './world.ts'

export interface GitHubOptions {
  /** `org/name` */
  readonly repository?: string
  readonly isPrivate?: boolean
  /** Token → owner, beside the one that may do everything. */
  readonly tokens?: { readonly [token: string]: TokenOwner }
  readonly app?: AppOptions
  readonly workflows?: readonly ScriptedWorkflow[]
  /** Slug of a team of the organization → logins. */
  readonly teams?: { readonly [slug: string]: readonly string[] }
  readonly webhook?: WebhookOptions
  readonly switches?: Partial<GitHubSwitches>
  /** Files of the first commit on main. */
  readonly files?: { readonly [path: string]: string }
  now?(): Date
}

export interface GitHubStandIn {
  /** Of the API, as GitHub Enterprise has it: `http://127.0.0.1:PORT/api/v3`. */
  readonly baseUrl: string
  readonly uploadUrl: string
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  /** `org/name` */
  readonly repository: string
  /** For git over HTTP; a push needs a token as the password. */
  readonly gitUrl: string
  /** The same with the token of `release-bot` in it. */
  readonly pushUrl: string
  /** Of `release-bot`, who may do everything. */
  readonly token: string
  readonly switches: GitHubSwitches
  readonly seen: SeenRequest[]
  readonly world: World
  /** What webhooks were told. */
  readonly events: readonly GitHubEvent[]
  /** Requests and answers that are not as GitHub's description says; `close` fails when there are any. Empty it when they were wanted. */
  readonly violations: string[]
  /** Told of every event, after what caused it; other machines are played so. */
  on(listener: (event: GitHubEvent) => void | Promise<void>): void
  close(): Promise<void>
}

/** GitHub in this process: its API, its git, its webhooks, around one real repository. See openapi.md for what it is checked against. */
export async function startGitHub(options: GitHubOptions = {}): Promise<GitHubStandIn> {
  const [owner = '', name = ''] = (options.repository ?? 'example/project').split('/')
  const now = options.now ?? (() => new Date())
  const git = await BareRepository.create(name)
  const [server, storage] = [await listening(), await listening()]
  const origin = server.origin
  const switches = { ...defaultSwitches(now()), ...options.switches }
  const events: GitHubEvent[] = []
  const webhooks = new Webhooks(options.webhook)
  const listeners: ((event: GitHubEvent) => void | Promise<void>)[] = []
  const world = new World({
    ...{ owner, name, origin, storage: storage.origin, git, switches, now },
    isPrivate: options.isPrivate ?? false,
    app: options.app,
    workflows: options.workflows ?? [],
    teams: options.teams ?? {},
    emit: (event) => {
      events.push(event)
      webhooks.send(event)
      for (const listener of listeners) setImmediate(() => hear(listener, event))
    },
  })
  const token = 'token-of-release-bot'
  world.tokens.set(token, { login: 'release-bot', permissions: allPermissions })
  for (const [key, value] of Object.entries(options.tokens ?? {})) world.tokens.set(key, value)
  const api = new Api(world)
  const hear = (listener: (event: GitHubEvent) => void | Promise<void>, event: GitHubEvent): void => {
    Promise.resolve()
      .then(() => listener(event))
      .catch((error: unknown) => api.violations.push(`listener: ${error}`))
  }
  const standIn = new Doors(world, api)
  for (const { server: each } of [server, storage])
    each.on('request', (incoming, outgoing) => standIn.open(incoming, outgoing))
  await world.commit({ message: 'First commit', files: options.files ?? { 'README.md': `# ${name}\n` } })
  return {
    baseUrl: `${origin}${apiPrefix}`,
    uploadUrl: `${origin}${uploadPrefix}`,
    origin,
    repository: `${owner}/${name}`,
    gitUrl: `${origin}/${owner}/${name}.git`,
    pushUrl: `http://x-access-token:${token}@${new URL(origin).host}/${owner}/${name}.git`,
    token,
    switches,
    seen: standIn.seen,
    world,
    events,
    violations: api.violations,
    on: (listener) => void listeners.push(listener),
    close: async () => {
      for (const run of world.runs) run.cancelled.abort()
      for (const { server: each } of [server, storage]) {
        each.close()
        each.closeAllConnections()
        await once(each, 'close')
      }
      await standIn.settle()
      await webhooks.settle()
      await git.remove()
      if (api.violations.length > 0)
        throw new Error(`Not as GitHub describes its API:\n${api.violations.join('\n')}`)
    },
  }
}

async function listening(): Promise<{ readonly server: Server; readonly origin: string }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port')
  return { server, origin: `http://127.0.0.1:${address.port}` }
}

/** Takes requests, lets faults happen to them, and leads them to where they belong. */
class Doors {
  readonly seen: SeenRequest[] = []
  readonly #afterPushes = new Set<Promise<void>>()
  readonly #world: World
  readonly #api: Api

  constructor(world: World, api: Api) {
    this.#world = world
    this.#api = api
  }

  open(incoming: IncomingMessage, outgoing: ServerResponse): void {
    // A peer that hangs up is no surprise here.
    incoming.on('error', () => undefined)
    outgoing.on('error', () => undefined)
    this.#serve(incoming, outgoing).catch((error: unknown) => {
      if (!incoming.destroyed || incoming.complete) this.#api.violations.push(`server: ${error}`)
      outgoing.destroy()
    })
  }

  /** A push is answered before everybody has been told of it. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#afterPushes)
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '', this.#world.settings.origin)
    const method = incoming.method ?? ''
    const operation = this.#gitOperation(url) ?? this.#api.match(method, url)?.name
    const path = url.pathname.replace(/^\/api\/(v3|uploads)(?=\/)/, '')
    const { headers } = incoming
    const request = { number: this.seen.length, method, path, query: url.searchParams, headers, operation }
    const seen: SeenRequest = { ...request, status: undefined }
    this.seen.push(seen)
    const fault = this.#world.switches.fault(seen)
    if (fault?.kind === 'drop') {
      incoming.socket.resetAndDestroy()
      return
    }
    const refusal = refusalOf(fault)
    if (refusal !== undefined) {
      incoming.resume()
      seen.status = refusal.status
      send(outgoing, refusal)
      return
    }
    if (url.pathname.startsWith('/api/')) return this.#api.serve(seen, fault, incoming, outgoing)
    if (url.pathname.startsWith(`/${this.#world.fullName}.git/`))
      return this.#git(seen, fault, incoming, outgoing)
    incoming.resume()
    const answer = storedFile(this.#world, url.pathname, headers.authorization)
    seen.status = answer.status
    await holdBack(fault)
    if (fault?.kind === 'lost answer') incoming.socket.resetAndDestroy()
    else send(outgoing, answer, fault)
  }

  #gitOperation(url: URL): string | undefined {
    if (!url.pathname.startsWith(`/${this.#world.fullName}.git/`)) return undefined
    return url.pathname.endsWith('/git-receive-pack') ? 'git push' : 'git'
  }

  async #git(
    seen: SeenRequest,
    fault: Fault | undefined,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    const isPush = seen.path.endsWith('/git-receive-pack') || seen.query.get('service') === 'git-receive-pack'
    const user = this.#gitUser(seen.headers.authorization, isPush)
    if (user === undefined) {
      incoming.resume()
      seen.status = 401
      send(outgoing, { status: 401, headers: { 'www-authenticate': 'Basic realm="GitHub"' } })
      return
    }
    await holdBack(fault)
    const isLost = fault?.kind === 'lost answer' || fault?.kind === 'bad gateway after success'
    // The repository's folder is served without the owner's name before it.
    incoming.url = incoming.url?.slice(this.#world.settings.owner.length + 1) ?? ''
    await serveGit(this.#world.git.root, user, incoming, isLost ? nowhere : outgoing)
    if (isLost) incoming.socket.resetAndDestroy()
    seen.status = outgoing.statusCode
    if (!isPush) return
    const after = referencesChanged(this.#world, user).finally(() => this.#afterPushes.delete(after))
    this.#afterPushes.add(after)
    await after
  }

  /** Undefined: not let in; empty: an anonymous reader. */
  #gitUser(authorization: string | undefined, isPush: boolean): string | undefined {
    try {
      const { login, isWriter } = this.#api.viewer(authorization)
      const mayRead = login !== '' || !this.#world.settings.isPrivate
      return (isPush ? isWriter : mayRead) ? login : undefined
    } catch (error) {
      if (error instanceof Denial) return undefined
      throw error
    }
  }
}

const nowhere = {
  setHeader: () => undefined,
  writeHead: () => undefined,
  write: () => true,
  end: () => undefined,
}

function refusalOf(fault: Fault | undefined): Answer | undefined {
  if (fault?.kind === 'answer')
    return new Denial(fault.status, fault.message ?? `Status ${fault.status}`, fault).answer()
  if (fault?.kind !== 'secondary limit') return undefined
  return secondaryLimit(fault.status, fault.retryAfter).answer()
}
