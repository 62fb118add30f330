import { z } from 'zod'
import { TransientError } from '../../errors.ts'
import { pause } from '../../pipeline/pause.ts'
import type { SocketClient } from './socket-client.ts'

const everyMs = 30_000
const retriesMax = 20

const answer = z.object({
  rows: z.array(
    z.object({
      target: z.string(),
      status: z.string(),
      retry_count: z.number().nullish(),
      last_failure: z.string().nullish(),
    }),
  ),
})
export type StuckInvocation = z.infer<typeof answer>['rows'][number]

const query = `select target, status, retry_count, last_failure from sys_invocation
  where status in ('paused', 'backing-off')`

/**
 * The server tries for ever what fails in our own handlers, and says nothing. Tells people once for each place, until the
 * engine is closed.
 */
export async function watchStuckInvocations(
  admin: SocketClient,
  onNotice: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const told = new Set<string>()
  for (;;) {
    try {
      await pause(everyMs, signal)
      const { status, json } = await admin.send({ method: 'POST', path: '/query', body: { query } })
      if (status >= 300) continue
      for (const notice of stuckNotices(answer.parse(json).rows, told)) onNotice(notice)
    } catch (error) {
      if (signal.aborted) return
      // The server is being started again; whoever waits for it hears of that.
      if (!(error instanceof TransientError)) throw error
    }
  }
}

/** What is new among the stuck ones; short back-offs are how crashes are bridged. */
export function stuckNotices(rows: readonly StuckInvocation[], told: Set<string>): readonly string[] {
  return rows.flatMap(({ target, status, retry_count, last_failure }) => {
    const isStuck = status === 'paused' || (retry_count ?? 0) > retriesMax
    if (!isStuck || told.has(target)) return []
    told.add(target)
    return [`The engine does not get on with ${target} (${status}): ${last_failure ?? 'no reason given'}`]
  })
}
