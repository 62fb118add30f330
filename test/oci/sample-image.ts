import {
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { digestOf } from '../../src/lib/digest.ts'
import type { Platform, RuntimeConfig } from '../../src/oci/descriptor.ts'
import {
  type AssembledImage,
  assembleImage,
  assembleIndex,
  type BaseImage,
  type ImageLayer,
} from '../../src/oci/image.ts'
import { buildLayer, type LayerCompression } from '../../src/oci/layers/build-layer.ts'
import { type LayerEntry, orderedEntries } from '../../src/oci/layers/layer-entry.ts'
import { layerFile } from '../../src/oci/layers/layer-file.ts'
import { fileSource } from '../../src/oci/layout/blob-files.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { storedBlob } from '../../src/oci/stored-blob.ts'

export const epoch = 1_760_000_000
const owner = { ownerId: 0, groupId: 0 }
const longName = `${'a-long-folder-name/'.repeat(8)}ünï€.txt`

/** Files on the disk as a project has them: a program that runs, and everything that tar has a rule for. */
export async function sampleTree(folder: string): Promise<string> {
  const files: { readonly [path: string]: string } = {
    'etc/greeting': 'hello\n',
    'etc/-first': '',
    [`srv/${longName}`]: 'deep\n',
    'usr/share/large': 'x'.repeat(3 << 20),
  }
  // Backwards, so that no order of the disk is ours.
  for (const [path, text] of Object.entries(files).reverse()) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  await mkdir(join(folder, 'bin'))
  await copyFile('/bin/busybox', join(folder, 'bin/busybox'))
  await chmod(join(folder, 'bin/busybox'), 0o755)
  await symlink('busybox', join(folder, 'bin/sh'))
  await symlink('/etc/greeting', join(folder, 'greeting'))
  return folder
}

/** As the tree says it, with modes that do not depend on the umask. */
export async function entriesOfTree(folder: string): Promise<readonly LayerEntry[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  return Promise.all(
    found.map(async (entry): Promise<LayerEntry> => {
      const source = join(entry.parentPath, entry.name)
      const path = source.slice(folder.length)
      if (entry.isDirectory()) return { ...owner, type: 'directory', path, mode: 0o755 }
      if (entry.isSymbolicLink())
        return { ...owner, type: 'symlink', path, mode: 0o777, target: await readlink(source) }
      const { size, mode } = await stat(source)
      const isProgram = (mode & 0o100) !== 0
      return {
        ...owner,
        type: 'file',
        path,
        mode: isProgram ? 0o755 : 0o644,
        sizeBytes: size,
        open: () => layerFile(source),
      }
    }),
  )
}

export const textFile = (path: string, text: string, more: Partial<LayerEntry> = {}): LayerEntry =>
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

export interface SampleOptions {
  readonly compression?: LayerCompression
  readonly platforms?: readonly Platform[]
  readonly runtime?: RuntimeConfig
  readonly base?: { readonly store: OciStore; readonly image: BaseImage }
  /** For half-made layers. */
  readonly scratch: string
}

export const usualPlatforms: readonly Platform[] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64', variant: 'v8' },
]

const usualRuntime: RuntimeConfig = {
  Entrypoint: ['/bin/sh', '-c'],
  Cmd: ['cat /greeting; echo "$NAME"; id -u'],
  Env: ['PATH=/bin', 'NAME=hawser'],
  User: '65532:65532',
  WorkingDir: '/srv',
  Labels: { 'org.example.team': 'release' },
  ExposedPorts: { '8080/tcp': {} },
}

let count = 0

/** Builds the layers into the store and tags an index of images of them. */
export async function putSample(
  to: OciStore,
  tag: string,
  layers: readonly (readonly LayerEntry[])[],
  options: SampleOptions,
): Promise<{ readonly digest: string; readonly images: readonly AssembledImage[] }> {
  const { compression = 'gzip', platforms = usualPlatforms, runtime = usualRuntime, base, scratch } = options
  const parents = base === undefined ? 'added' : 'implied'
  const built: ImageLayer[] = []
  for (const [number, entries] of layers.entries()) {
    const outputPath = join(scratch, `layer-${count++}`)
    const layer = await buildLayer(orderedEntries(entries, parents), { epoch, compression, outputPath })
    await to.putBlob(fileSource(outputPath, layer.descriptor.digest, layer.descriptor.size))
    built.push({ ...layer, createdBy: `layer ${number}` })
  }
  for (const blob of base?.image.layers ?? []) if (base) await to.putBlob(storedBlob(base.store, blob))
  const annotations = { 'org.opencontainers.image.version': '1.2.0' }
  const images = platforms.map((platform) =>
    assembleImage({ platform, base: base?.image, layers: built, runtime, annotations, epoch }),
  )
  for (const { manifest, config } of images) {
    const { bytes } = config
    await to.putBlob({
      digest: digestOf(bytes),
      sizeBytes: bytes.length,
      open: async function* () {
        yield bytes
      },
    })
    await to.putManifest(manifest)
  }
  const [only] = images
  const root = images.length === 1 && only ? only.manifest : assembleIndex(images, annotations)
  await to.putManifest(root, tag)
  return { digest: root.digest, images }
}

/** The bytes of a file in a layout. */
export const blobText = (layout: string, digest: string): Promise<string> =>
  readFile(join(layout, 'blobs/sha256', digest.slice('sha256:'.length)), 'utf8')
