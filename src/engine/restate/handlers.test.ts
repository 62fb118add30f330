import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

// Promises of the SDK that are awaited through native combinators hang for ever, with nothing in the server's view.
test.each(['release-object.ts', 'release-state.ts', 'step-service.ts', 'send.ts'])(
  'the handlers in %s await one promise after the other',
  async (file) => {
    const source = await readFile(join(import.meta.dirname, file), 'utf8')

    expect(source).not.toMatch(/Promise\.(all|allSettled|race|any)\b|\.(then|catch|finally)\(/)
  },
)
