/**
 * Reads the same thing once for all who ask at about the same time. Whoever asks while a read is under way gets the
 * answer of the next one: nobody is told what was true before they asked.
 */
export function sharedRead<Answer>(
  read: (name: string) => Promise<Answer>,
): (name: string) => Promise<Answer> {
  const underWay = new Map<string, Promise<unknown>>()
  const next = new Map<string, Promise<Answer>>()

  async function readNext(name: string): Promise<Answer> {
    await underWay.get(name)
    next.delete(name)
    const reading = read(name)
    const over = reading.then(ignored, ignored)
    underWay.set(name, over)
    try {
      return await reading
    } finally {
      if (underWay.get(name) === over) underWay.delete(name)
    }
  }

  return (name) => {
    const shared = next.get(name) ?? readNext(name)
    next.set(name, shared)
    return shared
  }
}

/** Those who asked for a read hear of its failure; the next read only waits for its end. */
const ignored = (): void => undefined
