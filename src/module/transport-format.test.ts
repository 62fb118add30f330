import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { copyImage } from '../oci/copy.ts'
import { layerTar } from '../oci/layers/layer-tar.ts'
import { buildModule } from './build-module.ts'
import { readComponentArchive, writeComponentArchive } from './component-archive.ts'
import { assembleComponent, pushComponent, readComponent } from './component-artifact.ts'
import { memoryStore } from './testdata/memory-store.ts'
import { modulectlModule, sampleInputs } from './testdata/sample-module.ts'
import {
  openTransportFormat,
  transportArchive,
  transportedArtifacts,
  unpackTransportArchive,
} from './transport-format.ts'

const top = await mkdtemp(join(tmpdir(), 'hawser-transport-'))
afterAll(() => rm(top, { recursive: true }))

const built = await buildModule(modulectlModule, sampleInputs)
const { repository, tag } = built

test('a component goes into a transport format, over an archive, and into a store, without a change', async () => {
  const folder = join(top, 'written')
  await pushComponent(openTransportFormat(folder, repository), built.artifact, tag)
  const unpacked = join(top, 'unpacked')
  await unpackTransportArchive(transportArchive(folder), unpacked)
  const store = memoryStore()

  await copyImage(openTransportFormat(unpacked, repository), tag, store, { tag })

  expect(await transportedArtifacts(unpacked)).toEqual([
    { repository, tag, digest: built.artifact.manifest.digest },
  ])
  expect((await readComponent(store, tag))?.descriptor).toEqual(built.descriptor)
  expect((await store.resolve(tag))?.digest).toBe(built.artifact.manifest.digest)
})

test('the archive has the same bytes each time', async () => {
  const folders = [join(top, 'one'), join(top, 'two')]
  for (const folder of folders) {
    await pushComponent(openTransportFormat(folder, repository), built.artifact, tag)
    await pushComponent(openTransportFormat(folder, repository), built.artifact, 'other')
  }

  const [one, two] = await Promise.all(folders.map((folder) => whole(transportArchive(folder))))

  expect(one).toEqual(two)
})

test('a component archive reads back as the component that was written', async () => {
  const folder = join(top, 'archive')
  const blobs = built.artifact.layers.slice(1)
  await writeComponentArchive(folder, { descriptor: built.descriptor, blobs })

  const read = await readComponentArchive(folder)

  expect(read.descriptor).toEqual(built.descriptor)
  expect((await assembleComponent(read.descriptor, read.blobs)).layers.map(({ bytes }) => bytes)).toEqual(
    built.artifact.layers.map(({ bytes }) => bytes),
  )
})

const bad: { readonly [name: string]: () => Promise<unknown> } = {
  'transport-strange-file': () => unpackTransportArchive(tarOf('etc/passwd', 'x'), join(top, 'bad-1')),
  'transport-wrong-digest': () =>
    unpackTransportArchive(tarOf(`blobs/sha256.${'0'.repeat(64)}`, 'x'), join(top, 'bad-2')),
  'transport-traversal': () => unpackTransportArchive(tarOf('../x', 'x'), join(top, 'bad-3')),
  'transport-bomb': () =>
    unpackTransportArchive(tarOf('artifact-index.json', 'x'.repeat(2000)), join(top, 'bad-4'), {
      sizeBytesMax: 1000,
    }),
  'transport-no-index': () => transportedArtifacts(top),
  'transport-index': async () => {
    await writeFile(join(top, 'artifact-index.json'), '{"schemaVersion":2,"artifacts":[{"digest":"x"}]}')
    return transportedArtifacts(top)
  },
  'archive-absent': () => readComponentArchive(join(top, 'nothing')),
}

test.each(Object.entries(bad))('refused, and why: %s', async (name, act) => {
  const error = await act().catch((caught: unknown) => caught)

  const text = failureText(error).replaceAll(top, '<folder>')
  await expect(text).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})

function tarOf(path: string, text: string) {
  const bytes = Buffer.from(text)
  const open = async function* () {
    yield bytes
  }
  return layerTar(
    [{ type: 'file', path, mode: 0o644, ownerId: 0, groupId: 0, sizeBytes: bytes.length, open }],
    1,
  )
}

async function whole(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}
