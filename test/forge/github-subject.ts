import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { Forge } from '../../src/forge/forge.ts'
import type { Edge } from '../../src/forge/github/budget.ts'
import { github, openGitHub } from '../../src/forge/github/github.ts'
import { type Digest, digestOf } from '../../src/lib/digest.ts'
import type { Fault, SeenRequest } from '../servers/github/faults.ts'
import { type GitHubOptions, type GitHubStandIn, startGitHub } from '../servers/github/github.ts'

export interface GitHubSubject extends GitHubStandIn {
  readonly forge: Forge
  readonly folder: string
  /** The commit at the head of main. */
  readonly head: string
  readonly edge: Edge
  /** How long was waited, instead of waiting. */
  readonly waits: number[]
  readonly masked: string[]
  /** Another process, as it were: nothing is remembered. */
  open(change?: Partial<z.input<typeof github.options>>, environment?: { [name: string]: string }): Forge
  asset(name: string, content: string): Promise<{ name: string; file: string; digest: Digest }>
  close(): Promise<void>
}

/** The forge over the stand-in, with a clock that goes on when somebody waits. */
export async function openSubject(options: GitHubOptions = {}, startMs?: number): Promise<GitHubSubject> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-github-'))
  let passedMs = 0
  const now = options.now ?? (() => new Date((startMs ?? Date.now()) + passedMs))
  const standIn = await startGitHub({ ...options, now })
  const waits: number[] = []
  const masked: string[] = []
  const edge: Edge = {
    now: () => now().getTime(),
    wait: async (delayMs) => {
      waits.push(delayMs)
      passedMs += delayMs
    },
    random: () => 0.5,
  }
  const { repository, baseUrl, token } = standIn
  const open: GitHubSubject['open'] = (change = {}, environment = { GITHUB_TOKEN: token }) =>
    openGitHub(
      github.options.parse({ repository, baseUrl, ...change }),
      { root: folder, environment, maskSecret: (secret) => masked.push(String(secret)) },
      edge,
    )
  const head = await standIn.world.git.resolve('refs/heads/main')
  if (head === undefined) throw new Error('The stand-in has a first commit')
  return {
    ...standIn,
    forge: open(),
    folder,
    head,
    edge,
    waits,
    masked,
    open,
    asset: async (name, content) => {
      const file = join(folder, `built-${digestOf(content).slice(7, 19)}`)
      await writeFile(file, content)
      return { name, file, digest: digestOf(content) }
    },
    close: async () => {
      await standIn.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A fault for the first so many requests of an operation, such as `POST /repos/{owner}/{repo}/releases`. */
export function faultAt(
  operation: string,
  fault: Fault,
  times = 1,
): (request: SeenRequest) => Fault | undefined {
  let left = times
  return (request) => {
    if (request.operation !== operation || left === 0) return undefined
    left -= 1
    return fault
  }
}

export const tagDate = new Date('2024-05-01T00:00:00Z')
