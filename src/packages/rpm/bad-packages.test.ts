import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeCpioEntry, encodeCpioTrailer, encodeStrippedEntry } from '../../archive/cpio.ts'
import { failureText } from '../../errors.ts'
import { encodeMainHeader, encodeSignatureHeader, type TagValues } from './encode-header.ts'
import { encodeLead } from './lead.ts'
import { rpm } from './rpm.ts'
import type { HeaderTag } from './tags.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-bad-rpm-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex')

const content = 'hello\n'
const goodTags = {
  name: 'hello',
  version: '1.0',
  release: '1',
  os: 'linux',
  arch: 'noarch',
  fileSizes: [content.length],
  fileModes: [0o100644],
  fileDigests: [sha256(content)],
  fileFlags: [0],
  fileUserName: ['root'],
  fileGroupName: ['root'],
  fileLinkTos: [''],
  dirIndexes: [0],
  baseNames: ['hello'],
  dirNames: ['/usr/share/'],
  fileDigestAlgo: [8],
  payloadFormat: 'cpio',
} as const satisfies TagValues<HeaderTag>

const entry = { name: './usr/share/hello', inode: 1, mode: 0o100644, mtime: 0, sizeBytes: content.length }
const body = Buffer.from(`${content}\0\0`)
const goodPayload = Buffer.concat([encodeCpioEntry(entry), body, encodeCpioTrailer()])

/** A package whose digests are right, whatever its tags and payload say. */
function craft(tags: TagValues<HeaderTag> = {}, payload: Uint8Array = goodPayload): Buffer {
  const main = encodeMainHeader({
    ...goodTags,
    payloadDigest: [sha256(payload)],
    payloadDigestAlgo: [8],
    ...tags,
  })
  return assemble(main, payload)
}

function assemble(main: Uint8Array, payload: Uint8Array): Buffer {
  const signature = encodeSignatureHeader({ sha256Header: sha256(main) })
  const padding = Buffer.alloc((8 - (signature.length % 8)) % 8)
  return Buffer.concat([encodeLead({ type: 'binary', name: 'hello' }), signature, padding, main, payload])
}

const mainStart = 96 + 136

/** The good package with its main header changed before the digests are made. */
function craftMain(change: (main: Buffer) => void): Buffer {
  const main = Buffer.from(encodeMainHeader({ ...goodTags, payloadDigest: [sha256(goodPayload)] }))
  change(main)
  return assemble(main, goodPayload)
}

function changed(offset: number, value: number): Buffer {
  const file = craft()
  file.writeUInt32BE(value, offset)
  return file
}

function packed(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat([...parts, encodeCpioTrailer()])
}

// Of the index, the entry after the region: tag, type, offset, count.
const firstEntry = 16 + 16

const cases: Record<string, () => Uint8Array> = {
  empty: () => Buffer.alloc(0),
  'lead-truncated': () => craft().subarray(0, 50),
  'error-page': () => Buffer.from(`<html>${'Not found '.repeat(20)}</html>`),
  'lead-version': () => {
    const file = craft()
    file.writeUInt8(9, 4)
    return file
  },
  'signature-header-magic': () => changed(96, 0x01020304),
  'signature-header-truncated': () => craft().subarray(0, 100),
  'main-header-magic': () => changed(mainStart, 0x01020304),
  'entry-count-huge': () => changed(mainStart + 8, 0xffff_ffff),
  'entry-count-zero': () => changed(mainStart + 8, 0),
  'data-length-huge': () => changed(mainStart + 12, 0x7fff_ffff),
  'data-length-beyond-file': () => changed(mainStart + 12, 0x00ff_ffff),
  'tag-type-unknown': () => craftMain((main) => main.writeUInt32BE(17, firstEntry + 4)),
  'tag-offset-outside': () => craftMain((main) => main.writeInt32BE(0x0fff_ffff, firstEntry + 8)),
  'tag-offset-negative': () => craftMain((main) => main.writeInt32BE(-16, firstEntry + 8)),
  'tag-count-lies': () => craftMain((main) => main.writeUInt32BE(0xffff_fff0, entryOf(main, 1035) + 12)),
  'tag-number-count-lies': () => craftMain((main) => main.writeUInt32BE(400, entryOf(main, 1028) + 12)),
  'tag-unaligned': () => craftMain((main) => main.writeInt32BE(1, entryOf(main, 1028) + 8)),
  'tag-string-twice': () => craftMain((main) => main.writeUInt32BE(2, firstEntry + 12)),
  'tag-string-without-end': () =>
    craftMain((main) => main.writeInt32BE(main.readUInt32BE(12) - 1, firstEntry + 8)),
  'tag-twice': () => craftMain((main) => main.writeUInt32BE(1000, firstEntry + 16)),
  'tag-data-overlaps': () => craftMain((main) => main.writeInt32BE(0, entryOf(main, 1022) + 8)),
  'tag-wrong-type': () => craftMain((main) => main.writeUInt32BE(7, entryOf(main, 1000) + 4)),
  'region-missing': () => craftMain((main) => main.writeUInt32BE(999, 16)),
  'region-trailer': () => craftMain((main) => main.writeInt32BE(-160_000, main.length - 8)),
  'header-digest': () => changed(mainStart + 400, 0x41414141),
  'payload-digest': () => {
    const file = craft()
    return file.fill(0x41, file.length - 6)
  },
  'payload-truncated': () => craft().subarray(0, -10),
  'path-traversal': () => craft({ dirNames: ['/usr/../../etc/'] }),
  'path-name-with-slash': () => craft({ baseNames: ['../hello'] }),
  'path-relative': () => craft({ dirNames: ['usr/share/'] }),
  'directory-index': () => craft({ dirIndexes: [7] }),
  'file-columns': () => craft({ fileSizes: [1, 2, 3] }),
  'file-column-missing': () => craft({ fileModes: undefined }),
  'dependency-columns': () => craft({ requireName: ['a', 'b'], requireFlags: [0], requireVersion: ['', ''] }),
  'changelog-columns': () => craft({ changelogName: ['a', 'b'], changelogTime: [0], changelogText: ['a'] }),
  'name-missing': () => craft({ name: undefined }),
  'source-package': () => craft({ sourcePackage: [1] }),
  'file-type': () =>
    craft(
      { fileModes: [0o020644], fileDigests: [''], fileSizes: [0] },
      packed(encodeCpioEntry({ ...entry, sizeBytes: 0 })),
    ),
  'compressor-unknown': () => craft({ payloadCompressor: 'bzip2' }),
  'payload-not-compressed': () => craft({ payloadCompressor: 'xz' }),
  'payload-number-unknown': () =>
    craft({}, Buffer.concat([encodeStrippedEntry(7), body, encodeCpioTrailer()])),
  'payload-bomb': () => craft(gzipped, gzipSync(Buffer.alloc(50_000_000))),
  'payload-bomb-in-file': () =>
    craft(
      gzipped,
      gzipSync(packed(encodeCpioEntry({ ...entry, sizeBytes: 50_000_000 }), Buffer.alloc(50_000_000))),
    ),
  'payload-no-archive': () => craft({}, Buffer.from('This is not an archive. '.repeat(20))),
  'payload-ends-early': () => craft({}, Buffer.concat([encodeCpioEntry(entry), body])),
  'payload-data-after-end': () => craft({}, Buffer.concat([goodPayload, body])),
  'payload-name-length': () => craft({}, withNameLength(0x7000_0000)),
  'payload-field': () => craft({}, Buffer.from(encodeCpioEntry(entry)).fill('z', 60, 62)),
  'payload-other-file': () => craft({}, packed(encodeCpioEntry({ ...entry, name: './etc/passwd' }), body)),
  'payload-file-twice': () => craft({}, packed(encodeCpioEntry(entry), body, encodeCpioEntry(entry), body)),
  'payload-file-missing': () => craft({}, packed()),
  'payload-file-size': () =>
    craft({}, packed(encodeCpioEntry({ ...entry, sizeBytes: 4 }), Buffer.from('hell'))),
  'payload-file-digest': () => craft({}, packed(encodeCpioEntry(entry), Buffer.from('hullo\n\0\0'))),
  'payload-link-target': () =>
    craft(
      { fileModes: [0o120777], fileDigests: [''], fileLinkTos: ['world!'] },
      packed(encodeCpioEntry({ ...entry, mode: 0o120777 }), body),
    ),
  'payload-archive-digest': () => craft({ payloadDigestAlt: [sha256('other')] }),
  'file-digest-algorithm': () => craft({ fileDigestAlgo: [99] }),
}

const gzipped = { payloadCompressor: 'gzip' } as const

/** Where the entry of a tag stands in the index. */
function entryOf(main: Buffer, tag: number): number {
  for (let at = 16; at < main.length; at += 16) if (main.readUInt32BE(at) === tag) return at
  throw new Error(`The header has no tag ${tag}`)
}

function withNameLength(length: number): Buffer {
  const header = Buffer.from(encodeCpioEntry(entry))
  header.write(length.toString(16).padStart(8, '0'), 94)
  return header
}

test('the package that the cases are made of is good', async () => {
  const path = join(folder, 'good.rpm')
  await writeFile(path, craft())

  expect(await rpm.read(path)).toMatchObject({
    name: 'hello',
    version: '1.0-1',
    files: [{ path: '/usr/share/hello' }],
  })
})

test('the form for files over 4 GiB is read: numbers instead of names, sizes from the header', async () => {
  const path = join(folder, 'stripped.rpm')
  const payload = Buffer.concat([encodeStrippedEntry(0), body, encodeCpioTrailer()])
  await writeFile(path, craft({ fileSizes: undefined, longFileSizes: [content.length] }, payload))

  expect((await rpm.read(path)).files).toMatchObject([{ path: '/usr/share/hello', sizeBytes: 6 }])
})

describe('a bad package is refused, and the text says where and why', () => {
  test.each(Object.keys(cases))('%s', async (name) => {
    const path = join(folder, 'bad.rpm')
    await writeFile(path, cases[name]?.() ?? '')

    const error = await rpm.read(path).then(() => 'nothing was wrong', failureText)

    // How far a codec had read differs from version to version.
    const text = error
      .replaceAll(folder, 'FOLDER')
      .replace(/(after|offset) \d+( bytes of input|\): )/, '$1 N$2')
    await expect(`${text}\n`).toMatchFileSnapshot(`testdata/errors/read-${name}.txt`)
  })
})

test('no change of the headers leads to anything but a package or a refusal', {
  timeout: 60_000,
}, async () => {
  const path = join(folder, 'fuzzed.rpm')
  const random = numbers(20_261_121)
  const outcomes = new Set<string>()
  for (let round = 0; round < 500; round += 1) {
    const file = craftMain((main) => {
      for (let flips = 1 + (random() % 3); flips > 0; flips -= 1) {
        main[random() % main.length] = [0, 1, 0x7f, 0xff, random() % 256][random() % 5] ?? 0
      }
    })
    await writeFile(path, file)

    outcomes.add(
      await rpm.read(path).then(
        () => 'package',
        (error: Error) => error.name,
      ),
    )
  }

  expect([...outcomes].sort()).toEqual(['UserError', 'package'])
})

/** A generator of its own, so that a failure can be repeated (Numerical Recipes, ranqd1). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 8
  }
}

test('a file that is not there is named', async () => {
  const error = await rpm.read(join(folder, 'absent.rpm')).catch(failureText)

  await expect(`${String(error).replaceAll(folder, 'FOLDER')}\n`).toMatchFileSnapshot(
    'testdata/errors/read-absent.txt',
  )
})
