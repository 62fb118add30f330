import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { buildLayer, type LayerCompression } from '../../src/oci/layers/build-layer.ts'
import { type LayerEntry, orderedEntries } from '../../src/oci/layers/layer-entry.ts'
import { layerFile } from '../../src/oci/layers/layer-file.ts'

// One layer of a folder: build.ts FOLDER COMPRESSION OUTPUT
const [, , folder = '', compression = '', outputPath = ''] = process.argv
const kinds: readonly string[] = ['gzip', 'zstd', 'none'] satisfies LayerCompression[]
if (!kinds.includes(compression)) throw new Error(`build.ts FOLDER ${kinds.join('|')} OUTPUT`)

const owner = { ownerId: 0, groupId: 0 }
const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry): LayerEntry => {
  const source = join(entry.parentPath, entry.name)
  const path = source.slice(folder.length)
  if (entry.isDirectory()) return { ...owner, type: 'directory', path, mode: 0o755 }
  if (entry.isSymbolicLink())
    return { ...owner, type: 'symlink', path, mode: 0o777, target: readlinkSync(source) }
  const { size, mode } = statSync(source)
  return {
    ...owner,
    type: 'file',
    path,
    mode: mode & 0o777,
    sizeBytes: size,
    open: () => layerFile(source),
  }
})
await buildLayer(orderedEntries(entries, 'added'), {
  epoch: 1_760_000_000,
  compression: compression as LayerCompression, // one of `kinds`
  outputPath,
})
