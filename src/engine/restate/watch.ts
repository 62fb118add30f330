import type { Run } from '../../pipeline/run.ts'
import type { RunRecord } from './run-hub.ts'

export interface WatchOptions {
  /** Reads what is committed. */
  readonly read: () => Promise<RunRecord | undefined>
  /** Hears of changes early, where the handlers live in this process. Returns the end of hearing. */
  readonly subscribe?: (listener: (record: RunRecord) => void) => () => void
  readonly pollMs: number
  readonly signal: AbortSignal
}

/** A change that ends the run is told once it is committed; this is how often that is asked. */
const endPollMs = 5

/**
 * Every change that is heard of, in order and once; without a subscription, the state at each poll. The end of a run is
 * told only when it is committed, so that whoever reads next sees it too.
 */
export async function* watchRun({ read, subscribe, pollMs, signal }: WatchOptions): AsyncGenerator<Run> {
  let heard: RunRecord[] = []
  let news = Promise.withResolvers<void>()
  const unsubscribe = subscribe?.((record) => {
    heard.push(record)
    news.resolve()
  })
  let seen = -1
  let isDue = true
  try {
    while (!signal.aborted) {
      const isEnding = heard.some(({ run }) => run.endedAt !== undefined)
      const committed = isDue || isEnding ? await unlessAborted(read, signal) : undefined
      if (committed !== undefined) heard.push(committed)
      const told = heard.filter((record) => isTellable(record, committed))
      heard = heard.filter((record) => !told.includes(record))
      for (const { run, revision } of told.sort((a, b) => a.revision - b.revision)) {
        if (revision <= seen) continue
        seen = revision
        yield run
        if (run.endedAt !== undefined) return
      }
      if (isEnding || heard.length === 0)
        isDue = await rest(isEnding ? endPollMs : pollMs, news.promise, signal)
      news = Promise.withResolvers()
    }
  } finally {
    unsubscribe?.()
  }
}

const isTellable = ({ run, revision }: RunRecord, committed: RunRecord | undefined): boolean =>
  run.endedAt === undefined || (committed !== undefined && committed.revision >= revision)

async function unlessAborted(
  read: () => Promise<RunRecord | undefined>,
  signal: AbortSignal,
): Promise<RunRecord | undefined> {
  try {
    return await read()
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}

/** True when the time has passed, false when there are news before or nobody watches any more. */
async function rest(afterMs: number, news: Promise<void>, signal: AbortSignal): Promise<boolean> {
  const time = Promise.withResolvers<boolean>()
  const timer = setTimeout(time.resolve, afterMs, true)
  const stop = (): void => time.resolve(false)
  signal.addEventListener('abort', stop, { once: true })
  const isTime = await Promise.race([time.promise, news.then(() => false)])
  clearTimeout(timer)
  signal.removeEventListener('abort', stop)
  return isTime
}
