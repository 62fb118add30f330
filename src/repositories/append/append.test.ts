import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decompress } from '../../archive/decompress.ts'
import { type AppendRequest, appendToIndex, canAppend } from './append.ts'
import { type FormKind, type IndexState, IndexStateError, indexStateSchema } from './index-state.ts'

/** Numbers from 0 up to 1 that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** As long and as compressible as a stanza of Packages. */
function stanza(number: number): Buffer {
  const sum = createHash('sha512').update(String(number)).digest('hex')
  return Buffer.from(`Package: sample-${number}
Architecture: amd64
Version: 1.${number % 31}.${number % 7}-1
Maintainer: Release Team <release@example.org>
Installed-Size: ${number % 9000}
Depends: libc6 (>= 2.${number % 30}), libgcc-s1 (>= 3.0), libstdc++6 (>= 5.${number % 9})
Filename: pool/main/s/sample-${number}/sample-${number}_1.${number % 31}_amd64.deb
Size: ${1000 + ((number * 7919) % 90000)}
SHA256: ${sum.slice(0, 64)}
Description: sample package number ${number}, which is one of many
 It does what packages do, and has a description of ${number % 13} words.

`)
}

interface World {
  state: IndexState | undefined
  readonly bodies: Map<string, Buffer>
}

type Shape = Pick<AppendRequest, 'header' | 'footer' | 'forms' | 'algorithms'>

const plainShape: Shape = {
  header: Buffer.alloc(0),
  footer: Buffer.alloc(0),
  forms: ['gzip'],
  algorithms: ['sha256'],
}
const xmlShape: Shape = {
  header: Buffer.from('<list>\n'),
  footer: Buffer.from('</list>\n'),
  forms: ['gzip', 'zstd', 'xz'],
  algorithms: ['md5', 'sha1', 'sha256', 'sha512'],
}

/** What the new bytes were, by form. */
async function append(
  world: World,
  shape: Shape,
  fragments: readonly Uint8Array[],
): Promise<Map<FormKind, number>> {
  const { state, bodies } = world
  const appended = await appendToIndex({
    ...shape,
    previous: state,
    fragments,
    readTail: async (form) => {
      const body = state?.forms[form]
      return body === undefined ? undefined : bodies.get(body.path)?.subarray(body.sealed.sizeBytes)
    },
    pathOf: (form, { sha256 }) => `${form}-${sha256}`,
  })
  const sizes = new Map<FormKind, number>()
  for (const { form, path, kept, bytes } of appended.forms) {
    const before =
      kept === undefined
        ? Buffer.alloc(0)
        : (bodies.get(kept.from)?.subarray(kept.start, kept.end) ?? Buffer.alloc(0))
    bodies.set(path, Buffer.concat([before, bytes]))
    sizes.set(form, bytes.length)
  }
  world.state = indexStateSchema.parse(JSON.parse(JSON.stringify(appended.state)))
  return sizes
}

async function unpacked(bytes: Uint8Array, form: FormKind): Promise<Buffer> {
  async function* input() {
    yield bytes
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of decompress(input(), form)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

const digest = (algorithm: string, bytes: Uint8Array): string =>
  createHash(algorithm).update(bytes).digest('hex')

async function expectWhole(
  { state, bodies }: World,
  { forms, algorithms }: Shape,
  text: Buffer,
): Promise<void> {
  expect(state?.plain.sizeBytes).toBe(text.length)
  for (const algorithm of algorithms) expect(state?.plain.digests[algorithm]).toBe(digest(algorithm, text))
  for (const form of forms) {
    const found = state?.forms[form]
    const body = bodies.get(found?.path ?? '') ?? Buffer.alloc(0)
    expect(found?.sizeBytes).toBe(body.length)
    for (const algorithm of algorithms) expect(found?.digests[algorithm]).toBe(digest(algorithm, body))
    expect((await unpacked(body, form)).equals(text)).toBe(true)
  }
}

describe('any sequence of appends is the whole text, in every form, with the right digests', () => {
  test.each([1, 2, 3, 4, 5, 6])('%i', async (seed) => {
    const random = seeded(seed)
    const shape = seed % 2 === 0 ? plainShape : xmlShape
    const world: World = { state: undefined, bodies: new Map() }
    const all: Buffer[] = []
    for (let round = 0; round < 12; round++) {
      const count = Math.floor(random() ** 3 * 400)
      const fragments = Array.from({ length: count }, (_, index) => stanza(all.length + index))
      await append(world, shape, fragments)
      all.push(...fragments)
      await expectWhole(world, shape, Buffer.concat([shape.header, ...all, shape.footer]))
      expect(world.state?.count).toBe(all.length)
    }
  })
})

test('a thousand packages, one at a time: small steps, and a body that is hardly larger', async () => {
  const world: World = { state: undefined, bodies: new Map() }
  const all: Buffer[] = []
  let largest = 0
  for (let number = 0; number < 1000; number++) {
    all.push(stanza(number))
    const sizes = await append(world, plainShape, all.slice(-1))
    largest = Math.max(largest, sizes.get('gzip') ?? 0)
  }
  const text = Buffer.concat(all)
  const atOnce = gzipSync(text, { level: 6 }).length

  expect(gunzipSync(world.bodies.get(world.state?.forms.gzip?.path ?? '') ?? '').equals(text)).toBe(true)
  expect(largest).toBeLessThan(20_000)
  expect((world.state?.forms.gzip?.sizeBytes ?? 0) / atOnce).toBeLessThan(1.1)
})

test('an index without anything in it is no empty file', async () => {
  const world: World = { state: undefined, bodies: new Map() }
  await append(world, plainShape, [])

  const body = world.bodies.get(world.state?.forms.gzip?.path ?? '') ?? Buffer.alloc(0)
  expect(body.length).toBeGreaterThan(0)
  expect(gunzipSync(body)).toHaveLength(0)
})

describe('a state that does not fit is never used', () => {
  const start = async (): Promise<World> => {
    const world: World = { state: undefined, bodies: new Map() }
    await append(
      world,
      xmlShape,
      Array.from({ length: 130 }, (_, number) => stanza(number)),
    )
    await append(world, xmlShape, [stanza(130), stanza(131)])
    return world
  }
  type Change = (state: IndexState) => void
  const changes: { readonly [name: string]: Change } = {
    'a size': (state) => {
      state.plain.sizeBytes += 1
    },
    'the size of a form': ({ forms }) => {
      if (forms.gzip !== undefined) forms.gzip.sizeBytes -= 1
    },
    'a sealed end': ({ forms }) => {
      if (forms.zstd !== undefined) forms.zstd.sealed.sizeBytes -= 1
    },
    'a digest': (state) => {
      state.plain.digests.sha256 = '0'.repeat(64)
    },
    'the digest of a form': ({ forms }) => {
      if (forms.xz !== undefined) forms.xz.digests.sha1 = '0'.repeat(40)
    },
    'a kept state': (state) => {
      state.plain.sealed.states.sha256 = 'AAAA'
    },
    'the kept state of another body': ({ plain, forms }) => {
      plain.sealed.states.sha512 = forms.gzip?.sealed.states.sha512
    },
  }

  test.each(Object.keys(changes))('%s', async (name) => {
    const world = await start()
    const state: IndexState = JSON.parse(JSON.stringify(world.state))
    changes[name]?.(state)
    world.state = state

    await expect(append(world, xmlShape, [stanza(200)])).rejects.toThrow(IndexStateError)
  })

  test.each([
    ['changed', (tail: Buffer) => Buffer.concat([tail.subarray(0, 10), Buffer.from('x'), tail.subarray(11)])],
    ['cut off', (tail: Buffer) => tail.subarray(0, tail.length - 1)],
    ['longer', (tail: Buffer) => Buffer.concat([tail, Buffer.from('x')])],
  ])('a body whose tail is %s', async (_, change) => {
    const world = await start()
    const path = world.state?.forms.gzip?.path ?? ''
    const sealed = world.state?.forms.gzip?.sealed.sizeBytes ?? 0
    const body = world.bodies.get(path) ?? Buffer.alloc(0)
    world.bodies.set(path, Buffer.concat([body.subarray(0, sealed), change(body.subarray(sealed))]))

    await expect(append(world, xmlShape, [stanza(200)])).rejects.toThrow(IndexStateError)
  })

  test('a body that is gone', async () => {
    const world = await start()
    world.bodies.clear()

    await expect(append(world, xmlShape, [stanza(200)])).rejects.toThrow(IndexStateError)
  })
})

test('a new form or digest needs the index to be written anew, fewer do not', async () => {
  const world: World = { state: undefined, bodies: new Map() }
  await append(world, plainShape, [stanza(1)])

  expect(canAppend(undefined, xmlShape)).toBe(true)
  expect(canAppend(world.state, plainShape)).toBe(true)
  expect(canAppend(world.state, { forms: ['gzip', 'zstd'], algorithms: ['sha256'] })).toBe(false)
  expect(canAppend(world.state, { forms: ['gzip'], algorithms: ['sha256', 'md5'] })).toBe(false)
})

test('a state with fields that nobody knows is refused', () => {
  const state = { count: 0, plain: {}, forms: {}, more: 1 }

  expect(indexStateSchema.safeParse(state).success).toBe(false)
})
