import type { Run } from '../../pipeline/run.ts'

/** A run as stored: `revision` grows with every change of the release, so that readers can order what they hear. */
export interface RunRecord {
  readonly run: Run
  readonly revision: number
}

export interface RunHub {
  /** Tells a change that a handler of this process is about to commit. */
  changed(release: string, record: RunRecord): void
  /** The newest record that was told of this release: at least as new as what a reader was shown before. */
  latest(release: string): RunRecord | undefined
  /** Returns the end of the subscription. */
  subscribe(release: string, listener: (record: RunRecord) => void): () => void
}

/** Brings changes from handlers to watchers of the same process without polling. */
export function runHub(): RunHub {
  const listeners = new Map<string, Set<(record: RunRecord) => void>>()
  const newest = new Map<string, RunRecord>()
  return {
    latest: (release) => newest.get(release),
    changed(release, record) {
      // A handler that is replayed after a crash tells the same once more.
      if (record.revision > (newest.get(release)?.revision ?? -1)) newest.set(release, record)
      for (const listener of listeners.get(release) ?? []) listener(record)
    },
    subscribe(release, listener) {
      const all = listeners.get(release) ?? new Set()
      listeners.set(release, all.add(listener))
      return () => {
        all.delete(listener)
        if (all.size === 0) listeners.delete(release)
      }
    },
  }
}
