import type { IncomingHttpHeaders } from 'node:http'

export interface SeenRequest {
  /** From 0, in the order of arrival. */
  readonly number: number
  readonly method: string
  /** Without the beginning that all addresses of the API have; as it was sent, encoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Such as `POST /repos/{owner}/{repo}/releases`; undefined when there is none. */
  readonly operation: string | undefined
  /** Of the answer; undefined until there is one. */
  status: number | undefined
}

export type Fault =
  /** The connection breaks before anything is done. */
  | { readonly kind: 'drop' }
  /** It is done, and the connection breaks instead of the answer. */
  | { readonly kind: 'lost answer' }
  /** The answer comes after this time. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** It is done, and the answer comes when the test lets it. */
  | { readonly kind: 'hold'; readonly until: Promise<void> }
  /** Answered so, and nothing is done. */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly message?: string
      readonly headers?: { readonly [name: string]: string }
    }
  /** Too many at a time, said as GitHub mostly says it: 403, and perhaps when to come back. */
  | { readonly kind: 'secondary limit'; readonly status?: 403 | 429; readonly retryAfter?: number }
  /** It is done, and a proxy before it says that it was not. */
  | { readonly kind: 'bad gateway after success' }
  /** The connection breaks within the body of the request; of an asset its beginning is kept as `starter`. */
  | { readonly kind: 'cut request'; readonly bytes: number }
  /** The connection breaks within the body of the answer. */
  | { readonly kind: 'cut answer'; readonly bytes: number }

/** How the stand-in behaves; tests may change it at any time. */
export interface GitHubSwitches {
  /** Asked for each request of the API; undefined: nothing happens to it. */
  fault: (request: SeenRequest) => Fault | undefined
  /** Reads of a list before something new is in it. */
  listLag: number
  /** Items in one page, at most, whatever was asked. */
  pageSizeMax: number
  /** Releases become immutable when they are published. */
  immutableReleases: boolean
  /** Requests until the primary limit; answers 304 do not count. */
  rateLimit: { limit: number; remaining: number; resetAt: Date }
  /** Requests at a time before the secondary limit; and writes in a minute. */
  concurrencyMax: number
  writesPerMinuteMax: number
  /** Assets are sent from another address, as GitHub does it. */
  assetRedirects: boolean
  /** Entries of a tree in one answer; what is more is left out, and said so. */
  treeEntriesMax: number
  /** Answers have ETags. */
  etags: boolean
}

export const defaultSwitches = (now: Date): GitHubSwitches => ({
  fault: () => undefined,
  listLag: 0,
  pageSizeMax: 100,
  immutableReleases: false,
  // GitHub gives 5000; long tests with many restarts need more than an hour's worth.
  rateLimit: { limit: 100_000, remaining: 100_000, resetAt: new Date(now.getTime() + 3_600_000) },
  concurrencyMax: Number.POSITIVE_INFINITY,
  writesPerMinuteMax: Number.POSITIVE_INFINITY,
  assetRedirects: true,
  treeEntriesMax: 100_000,
  etags: true,
})

/** For faults that keep an answer back. */
export async function holdBack(fault: Fault | undefined): Promise<void> {
  if (fault?.kind === 'hold') await fault.until
  if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms))
}
