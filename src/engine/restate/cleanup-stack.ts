export interface CleanupStack {
  add(cleanup: () => void | Promise<void>): void
  /** Undoes everything, last first, once. Failures do not keep the rest from being undone. */
  run(): Promise<void>
}

export function cleanupStack(): CleanupStack {
  const cleanups: (() => void | Promise<void>)[] = []
  return {
    add: (cleanup) => void cleanups.push(cleanup),
    async run() {
      const failures: unknown[] = []
      for (let cleanup = cleanups.pop(); cleanup !== undefined; cleanup = cleanups.pop()) {
        try {
          await cleanup()
        } catch (error) {
          failures.push(error)
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, 'The engine could not be closed cleanly')
    },
  }
}
