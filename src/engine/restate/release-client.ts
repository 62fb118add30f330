import { randomUUID } from 'node:crypto'
import { Refusal, TransientError, UserError } from '../../errors.ts'
import type { ReleaseKey } from '../../pipeline/engine.ts'
import { pause } from '../../pipeline/pause.ts'
import type { Plan } from '../../pipeline/plan.ts'
import { releaseName, releaseOf } from '../../pipeline/release-key.ts'
import type { GateDecision, Run } from '../../pipeline/run.ts'
import {
  type CancelMessage,
  type ReleaseAnswer,
  type SettledMessage,
  type SignalMessage,
  type StartMessage,
  serviceNames,
} from './messages.ts'
import { runsOf, type StateRow, stateQuery } from './release-state.ts'
import type { RunRecord } from './run-hub.ts'
import type { SocketAnswer, SocketClient, SocketRequest } from './socket-client.ts'

/** The release objects as seen from outside: over the ingress socket, and by query for all of them. */
export interface ReleaseClient {
  start(plan: Plan): Promise<Run>
  signal(key: ReleaseKey, gate: string, decision: GateDecision): Promise<Run>
  cancel(key: ReleaseKey, reason: string): Promise<Run>
  /** By the name of the release. */
  get(release: string): Promise<RunRecord | undefined>
  /** By the name of the release, after all that it was told before. */
  settled(release: string): Promise<RunRecord | undefined>
  /** Tells a release what came out of a step; recorded when it returns. False when the server refuses what is in it. */
  report(release: string, message: SettledMessage): Promise<boolean>
  list(): Promise<readonly Run[]>
  /** Throws unless an invocation of the endpoint comes back. */
  selfTest(): Promise<void>
}

/** How long a call waits for a server that has to be started anew. */
const patienceMs = 15_000

/** RFC 9110, 15.5: the content is bad, or too large. */
const refusedStatuses: readonly number[] = [400, 413]

export function releaseClient(
  ingress: SocketClient,
  admin: SocketClient,
  signal: AbortSignal,
): ReleaseClient {
  const at = (): string => new Date().toISOString()

  async function call(release: string, handler: string, body?: unknown): Promise<unknown> {
    const path = `/${serviceNames.release}/${encodeURIComponent(release)}/${handler}`
    // With the key a repeated call is answered with the first one's result.
    const headers = body === undefined ? undefined : { 'idempotency-key': randomUUID() }
    const request = {
      method: 'POST',
      path,
      ...(body !== undefined && { body }),
      ...(headers && { headers }),
    } as const
    return answered(await patient(() => ingress.send(request), signal), request)
  }

  async function decide(key: ReleaseKey, handler: string, message: unknown): Promise<Run> {
    // Only our own handlers write these answers.
    return runOf((await call(releaseName(key), handler, message)) as ReleaseAnswer)
  }

  return {
    start: (plan) => decide(releaseOf(plan), 'start', { plan, at: at() } satisfies StartMessage),
    signal: (key, gate, decision) =>
      decide(key, 'signal', { gate, decision, at: at() } satisfies SignalMessage),
    cancel: (key, reason) => decide(key, 'cancel', { reason, at: at() } satisfies CancelMessage),
    get: async (release) => ((await call(release, 'get')) as RunRecord | null) ?? undefined,
    settled: async (release) => ((await call(release, 'newest')) as RunRecord | null) ?? undefined,
    async report(release, body) {
      const path = `/${serviceNames.release}/${encodeURIComponent(release)}/settled/send`
      const request = { method: 'POST', path, body } as const
      const answer = await patient(() => ingress.send(request), signal)
      if (refusedStatuses.includes(answer.status)) return false
      answered(answer, request)
      return true
    },
    list: () => listRuns(admin, signal),
    async selfTest() {
      const text = randomUUID()
      const request = { method: 'POST', path: `/${serviceNames.selfTest}/echo`, body: text } as const
      const echo = answered(await ingress.send(request), request)
      if (echo !== text) throw new Error('The engine changed a message on its way')
    },
  }
}

/** Calls again while the server cannot be reached: it may just be starting. */
async function patient<Answer>(send: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  const giveUpAt = performance.now() + patienceMs
  for (;;) {
    try {
      return await send()
    } catch (error) {
      if (!(error instanceof TransientError) || performance.now() > giveUpAt) throw error
      await pause(50, signal)
    }
  }
}

function answered({ status, json }: SocketAnswer, { path }: SocketRequest): unknown {
  if (status < 300) return json
  throw new TransientError('ENGINE_ANSWER', `The engine answered ${status} to ${path}.`, {
    hint: 'See server.log and sdk.log in the folder of the engine.',
    cause: json,
  })
}

function runOf(answer: ReleaseAnswer): Run {
  if (answer.kind === 'run') return answer.run
  const { kind, code, message, hint } = answer
  const options = hint === undefined ? {} : { hint }
  throw kind === 'refused' ? new Refusal(code, message, options) : new UserError(code, message, options)
}

async function listRuns(admin: SocketClient, signal: AbortSignal): Promise<readonly Run[]> {
  const query = stateQuery([serviceNames.release, serviceNames.history])
  const request = { method: 'POST', path: '/query', body: { query } } as const
  // A server that has just started refuses queries until its partition is known.
  const ask = async (): Promise<unknown> => answered(await admin.send(request), request)
  const { rows } = (await patient(ask, signal)) as { rows: readonly StateRow[] }
  const runs = runsOf(rows)
  return runs.sort((a, b) =>
    a.startedAt === b.startedAt ? compare(b.id, a.id) : compare(b.startedAt, a.startedAt),
  )
}

const compare = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })
