// Node fires a timer of more than 31 bits at once.
const timerMaxMs = 2 ** 31 - 1

/** A wait that ends early, by throwing the signal's reason, when it is aborted. */
export async function pause(afterMs: number, signal: AbortSignal): Promise<void> {
  for (let leftMs = afterMs; leftMs > timerMaxMs; leftMs -= timerMaxMs) await pauseOnce(timerMaxMs, signal)
  await pauseOnce(afterMs % timerMaxMs, signal)
}

async function pauseOnce(afterMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, afterMs)
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}
