import { createCipheriv } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ByteStream } from '../../src/archive/compression.ts'
import { digestOf } from '../../src/lib/digest.ts'
import { assembleImage, type ImageLayer } from '../../src/oci/image.ts'
import { buildLayer, type LayerCompression } from '../../src/oci/layers/build-layer.ts'
import { fileSource } from '../../src/oci/layout/blob-files.ts'
import { openLayout } from '../../src/oci/layout/layout.ts'
import { writeElfSample } from '../elf-sample.ts'

/** Bytes that nothing can compress, the same each time. */
async function* noise(seed: number, sizeBytes: number): ByteStream {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16))
  const zeros = Buffer.alloc(1 << 20)
  for (let left = sizeBytes; left > 0; left -= zeros.length) {
    yield cipher.update(zeros.subarray(0, Math.min(left, zeros.length)))
  }
}

export interface SampleImage {
  readonly layers: number
  readonly layerBytes: number
  readonly compression: LayerCompression
}

/** An image in a layout, with the tag "latest". */
export async function makeImage(
  folder: string,
  { layers, layerBytes, compression }: SampleImage,
): Promise<void> {
  const layout = openLayout(folder)
  const built: ImageLayer[] = []
  for (let number = 0; number < layers; number += 1) {
    const outputPath = `${folder}-layer`
    const open = () => noise(number, layerBytes)
    const path = `data/${number}`
    const file = {
      type: 'file',
      path,
      mode: 0o644,
      ownerId: 0,
      groupId: 0,
      sizeBytes: layerBytes,
      open,
    } as const
    const layer = await buildLayer([file], { epoch: 1, compression, outputPath })
    await layout.putBlob(fileSource(outputPath, layer.descriptor.digest, layer.descriptor.size))
    await rm(outputPath)
    built.push({ ...layer, createdBy: 'benchmark' })
  }
  const platform = { os: 'linux', architecture: 'amd64' }
  const { manifest, config } = assembleImage({
    platform,
    layers: built,
    runtime: {},
    annotations: {},
    epoch: 1,
  })
  const { bytes } = config
  await layout.putBlob({
    digest: digestOf(bytes),
    sizeBytes: bytes.length,
    open: async function* () {
      yield bytes
    },
  })
  await layout.putManifest(manifest, 'latest')
}

/** What images hold: a few large programs and many small files. */
export async function makeTree(folder: string, megabytes: number): Promise<void> {
  await mkdir(join(folder, 'usr/bin'), { recursive: true })
  for (const part of [1, 2, 3, 4]) {
    writeElfSample(join(folder, `usr/bin/program-${part}`), Math.round((megabytes * 1e6) / 4))
  }
  const line = 'A line of a file as there are many in an image.\n'
  for (let number = 0; number < 2000; number += 1) {
    const own = join(folder, 'usr/share', String(number % 50))
    if (number < 50) await mkdir(own, { recursive: true })
    await writeFile(join(own, `${number}.txt`), line.repeat(number % 100))
  }
}
