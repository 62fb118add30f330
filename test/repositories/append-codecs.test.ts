import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appendToIndex } from '../../src/repositories/append/append.ts'
import type { FormKind, IndexState } from '../../src/repositories/append/index-state.ts'
import { mustRun } from '../clients/command.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-codecs-'))
})
afterAll(() => rm(folder, { recursive: true }))

const tools: Readonly<Record<FormKind, string>> = { gzip: 'gzip', zstd: 'zstd', xz: 'xz' }
const forms: readonly FormKind[] = ['gzip', 'zstd', 'xz']
const extensions: Readonly<Record<FormKind, string>> = { gzip: '.gz', zstd: '.zst', xz: '.xz' }

test('gzip, zstd and xz themselves accept an index that grew in many steps', async () => {
  const bodies = new Map<string, Buffer>()
  let state: IndexState | undefined
  let text = ''
  for (let round = 0; round < 30; round++) {
    const fragments = Array.from({ length: 1 + ((round * 37) % 90) }, (_, index) =>
      Buffer.from(
        `Package: p-${round}-${index}\nVersion: ${round * 7919}\nDescription: ${'words '.repeat(20)}\n\n`,
      ),
    )
    const previous: IndexState | undefined = state
    const appended = await appendToIndex({
      header: Buffer.alloc(0),
      footer: Buffer.alloc(0),
      forms,
      algorithms: ['sha256'],
      previous,
      fragments,
      readTail: async (form) => {
        const body = previous?.forms[form]
        return bodies.get(body?.path ?? '')?.subarray(body?.sealed.sizeBytes)
      },
      pathOf: (form, { sha256 }) => `${form}-${sha256}`,
    })
    for (const { path, kept, bytes } of appended.forms) {
      const before = bodies.get(kept?.from ?? '')?.subarray(0, kept?.end) ?? Buffer.alloc(0)
      bodies.set(path, Buffer.concat([before, bytes]))
    }
    state = appended.state
    text += fragments.map((fragment) => fragment.toString()).join('')
  }

  for (const form of forms) {
    const file = join(folder, `index${extensions[form]}`)
    await writeFile(file, bodies.get(state?.forms[form]?.path ?? '') ?? '')
    await mustRun(tools[form], ['-t', file])
    expect((await mustRun(tools[form], ['-dc', file])) === text).toBe(true)
  }
})
