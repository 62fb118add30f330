import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import { digestOf } from '../../lib/digest.ts'
import { buildLayer } from './build-layer.ts'
import { type LayerEntry, orderedEntries } from './layer-entry.ts'
import { layerFile } from './layer-file.ts'

const owner = { ownerId: 0, groupId: 0 }
const file = (path: string, text: string, more: Partial<LayerEntry> = {}): LayerEntry =>
  ({
    ...owner,
    type: 'file',
    path,
    mode: 0o644,
    sizeBytes: Buffer.byteLength(text),
    open: async function* () {
      if (text !== '') yield Buffer.from(text)
    },
    ...more,
  }) as LayerEntry

let folder: string
let count = 0
const newPath = (): string => join(folder, `layer-${count++}`)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-build-layer-'))
})
afterAll(() => rm(folder, { recursive: true }))

const build = (entries: readonly LayerEntry[], outputPath = newPath()) =>
  buildLayer(orderedEntries(entries, 'added'), { epoch: 1, compression: 'gzip', outputPath })

describe('a layer', () => {
  test('has the digests of its bytes, packed and unpacked', async () => {
    const outputPath = newPath()

    const { descriptor, diffId } = await build([file('a', 'text')], outputPath)

    const bytes = await readFile(outputPath)
    expect(descriptor).toMatchObject({ digest: digestOf(bytes), size: bytes.length })
    expect(diffId).toBe(digestOf(gunzipSync(bytes)))
  })

  test('is the same for entries in any order and with paths in any form', async () => {
    const one = await build([file('/usr/bin/a', '1'), file('etc/b', '2'), file('usr/bin-b', '3')])
    const other = await build([file('./usr//bin-b', '3'), file('/etc/./b', '2'), file('usr/bin/a', '1')])

    expect(other).toEqual(one)
  })

  test('names folders that nobody named before what is in them; on a base they are left to it', () => {
    const entries = [file('usr/bin/a', '1'), file('usr/bin-b', '3')]
    const pathsOf = (parents: 'added' | 'implied') => orderedEntries(entries, parents).map(({ path }) => path)

    expect(pathsOf('added')).toEqual(['usr', 'usr/bin', 'usr/bin-b', 'usr/bin/a'])
    expect(pathsOf('implied')).toEqual(['usr/bin-b', 'usr/bin/a'])
  })

  test('reads files through one buffer, whatever their size', async () => {
    const path = join(folder, 'large')
    const bytes = Buffer.alloc((2 << 20) + 17, 'abc')
    await writeFile(path, bytes)
    const copy: Buffer[] = []
    for await (const piece of layerFile(path)) copy.push(Buffer.from(piece))
    await writeFile(join(folder, 'empty'), '')

    expect(Buffer.concat(copy).equals(bytes)).toBe(true)
    expect((await layerFile(join(folder, 'empty'))[Symbol.asyncIterator]().next()).done).toBe(true)
  })
})

describe('a layer that cannot be built is refused, and leaves no file', () => {
  const changed = (sizeBytes: number) => [file('etc/config', 'text', { sizeBytes } as Partial<LayerEntry>)]

  test.each<[string, readonly LayerEntry[]]>([
    ['entry-leads-out', [file('/etc/../../passwd', '')]],
    ['entry-root', [file('/', '')]],
    ['entry-control-character', [file('/etc/a\nb', '')]],
    ['entry-twice', [file('/etc/a', '1'), file('etc//a', '2')]],
    ['entry-below-a-file', [file('/etc', ''), file('/etc/a', '')]],
    [
      'entry-below-a-link',
      [{ ...owner, type: 'symlink', path: 'lib', mode: 0o777, target: 'usr/lib' }, file('lib/a', '')],
    ],
    ['entry-became-shorter', changed(5)],
    ['entry-became-longer', changed(3)],
  ])('%s', async (name, entries) => {
    const error = await (async () => build(entries))().then(
      () => 'it was built',
      (failure: unknown) => failure,
    )

    await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
    expect((await readdir(folder)).filter((one) => one === `layer-${count - 1}`)).toEqual([])
  })

  test('an output that is there is not written over', async () => {
    const outputPath = newPath()
    await writeFile(outputPath, 'mine')

    await expect(build([file('a', '')], outputPath)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await readFile(outputPath, 'utf8')).toBe('mine')
  })
})
