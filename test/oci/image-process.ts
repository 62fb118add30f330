import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openLayout } from '../../src/oci/layout/layout.ts'
import { entriesOfTree, putSample, sampleTree } from './sample-image.ts'

// Builds the sample image in a process of its own, and prints its digest by compression: image-process.ts FOLDER
const [, , folder = ''] = process.argv
await mkdir(join(folder, 'tree'))
const entries = await entriesOfTree(await sampleTree(join(folder, 'tree')))
for (const compression of ['gzip', 'zstd', 'none'] as const) {
  const { digest } = await putSample(openLayout(join(folder, 'layout')), compression, [entries], {
    scratch: folder,
    compression,
  })
  console.log(compression, digest)
}
