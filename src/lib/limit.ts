/**
 * Maps with at most `max` calls at a time; results keep the order of the items. The first failure aborts the signal
 * that the other calls were given, and is thrown when all of them have settled: nothing goes on behind the caller.
 */
export async function mapLimited<Item, Result>(
  items: readonly Item[],
  max: number,
  map: (item: Item, signal: AbortSignal, index: number) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result[]> {
  if (!Number.isInteger(max) || max < 1) throw new Error(`mapLimited needs a whole limit above 0, not ${max}`)
  const stop = new AbortController()
  const joined = AbortSignal.any([signal, stop.signal])
  const results = new Map<number, Result>()
  const queue = items.entries()

  const work = async (): Promise<void> => {
    // All workers share one iterator: it is the queue.
    for (const [index, item] of queue) {
      joined.throwIfAborted()
      results.set(index, await map(item, joined, index))
    }
  }
  const stopping = async (): Promise<void> => {
    try {
      await work()
    } catch (error) {
      // Only the first abort counts, so `reason` is the first failure.
      stop.abort(error)
    }
  }
  await Promise.all(Array.from({ length: Math.min(max, items.length) }, stopping))
  if (signal.aborted) signal.throwIfAborted()
  if (stop.signal.aborted) throw stop.signal.reason
  return inOrder(results, items.length)
}

function inOrder<Result>(results: ReadonlyMap<number, Result>, length: number): Result[] {
  const ordered: Result[] = []
  for (let index = 0; index < length; index += 1) {
    // Result may include undefined, so `has` decides, not the value.
    if (!results.has(index)) throw new Error(`Result ${index} is missing although no call failed`)
    ordered.push(results.get(index) as Result)
  }
  return ordered
}
