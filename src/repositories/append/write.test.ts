import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decompress } from '../../archive/decompress.ts'
import { appendToIndex } from './append.ts'
import type { FormKind } from './index-state.ts'
import { writeIndex } from './write.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-write-'))
})
afterEach(() => rm(folder, { recursive: true }))

const header = Buffer.from('<list>\n')
const footer = Buffer.from('</list>\n')
const forms: readonly FormKind[] = ['gzip', 'zstd', 'xz']
const shape = { header, footer, forms, algorithms: ['sha256', 'sha512'] } as const
const line = (number: number): Buffer =>
  Buffer.from(`<package id="${createHash('md5').update(String(number)).digest('hex')}">${number}</package>\n`)

async function* lines(count: number): AsyncGenerator<Buffer> {
  for (let number = 0; number < count; number++) yield line(number)
}

const write = (count: number) =>
  writeIndex({
    ...shape,
    folder,
    fragments: lines(count),
    pathOf: (form, { sha256 }) => `${form}-${sha256}`,
    signal: new AbortController().signal,
  })

async function unpacked(bytes: Uint8Array, form: FormKind): Promise<string> {
  async function* input() {
    yield bytes
  }
  let text = ''
  for await (const chunk of decompress(input(), form)) text += Buffer.from(chunk).toString()
  return text
}

// Nothing, less than a tail, more than a tail, several members.
test.each([0, 10, 2000, 60_000])(
  '%i fragments, streamed: the text, its digests, and an end to go on from',
  async (count) => {
    const { state, forms: written } = await write(count)
    const all: Buffer[] = [header]
    for await (const fragment of lines(count)) all.push(fragment)
    const text = Buffer.concat([...all, footer]).toString()

    expect(state.count).toBe(count)
    expect(state.plain.digests.sha512).toBe(createHash('sha512').update(text).digest('hex'))
    const bodies = new Map<string, Buffer>()
    for (const { form, file, path, sizeBytes, digests } of written) {
      const body = await readFile(file)
      bodies.set(path, body)
      expect(body.length).toBe(sizeBytes)
      expect(digests.sha256).toBe(createHash('sha256').update(body).digest('hex'))
      expect([form, (await unpacked(body, form)) === text]).toEqual([form, true])
    }

    const appended = await appendToIndex({
      ...shape,
      previous: state,
      fragments: [line(-1)],
      readTail: async (form) =>
        bodies.get(state.forms[form]?.path ?? '')?.subarray(state.forms[form]?.sealed.sizeBytes),
      pathOf: (form) => form,
    })
    for (const { form, kept, bytes } of appended.forms) {
      const before = bodies.get(kept?.from ?? '')?.subarray(0, kept?.end) ?? Buffer.alloc(0)
      const longer = await unpacked(Buffer.concat([before, bytes]), form)
      expect([form, longer === text.replace('</list>\n', `${line(-1).toString()}</list>\n`)]).toEqual([
        form,
        true,
      ])
    }
  },
)

test('a failing source leaves no open file behind and is told', async () => {
  async function* failing(): AsyncGenerator<Buffer> {
    yield line(1)
    throw new Error('the source broke')
  }
  const work = writeIndex({
    ...shape,
    folder,
    fragments: failing(),
    pathOf: () => 'x',
    signal: new AbortController().signal,
  })

  await expect(work).rejects.toThrow('the source broke')
})
