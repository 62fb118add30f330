import type { ReleaseKey } from '../../pipeline/engine.ts'
import { releaseName, releaseOf } from '../../pipeline/release-key.ts'
import type { Run } from '../../pipeline/run.ts'

export interface Watcher {
  changed(run: Run): void
}

/** Every change of the newest run of a release, first its present state; ends with the run, or with the signal. */
export async function* changesOf(
  newest: () => Run | undefined,
  key: ReleaseKey,
  watchers: Set<Watcher>,
  signal: AbortSignal,
): AsyncGenerator<Run> {
  const first = newest()
  const queue: Run[] = first === undefined ? [] : [first]
  let wake = (): void => undefined
  const watcher: Watcher = {
    changed: (run) => {
      if (releaseName(releaseOf(run.plan)) !== releaseName(key)) return
      queue.push(run)
      wake()
    },
  }
  watchers.add(watcher)
  const stop = (): void => wake()
  signal.addEventListener('abort', stop)
  try {
    while (!signal.aborted) {
      const run = queue.shift()
      if (run === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      yield run
      if (run.endedAt !== undefined) return
    }
  } finally {
    watchers.delete(watcher)
    signal.removeEventListener('abort', stop)
  }
}
