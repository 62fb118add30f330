import { UserError } from '../errors.ts'
import type { ImageConfig, Manifest } from './descriptor.ts'
import type { OciStore } from './oci-store.ts'
import { readImageConfig } from './read-manifest.ts'

/** Real ones have some kilobytes; the size that a manifest claims must not decide about our memory. */
const configBytesMax = 8 << 20

/** The configuration that a manifest names, with a digest of its content for each layer. */
export async function readConfig(
  store: OciStore,
  manifest: Manifest,
  where: string,
  signal?: AbortSignal,
): Promise<ImageConfig> {
  return (await readConfigAndBytes(store, manifest, where, signal)).config
}

/** With its bytes as they were written. */
export async function readConfigAndBytes(
  store: OciStore,
  { config, layers }: Manifest,
  where: string,
  signal?: AbortSignal,
): Promise<{ readonly config: ImageConfig; readonly bytes: Uint8Array }> {
  if (config.size > configBytesMax) {
    throw new UserError(
      'OCI_CONFIG_SIZE',
      `The configuration of ${where} has ${config.size} bytes, more than ${configBytesMax}.`,
      { hint: 'No image needs such a one, so that it is not read.' },
    )
  }
  const chunks: Uint8Array[] = []
  for await (const piece of store.blob(config, { signal })) chunks.push(piece)
  const bytes = Buffer.concat(chunks)
  const read = readImageConfig(bytes, where)
  const { diff_ids } = read.rootfs
  if (diff_ids.length === layers.length) return { config: read, bytes }
  throw new UserError(
    'OCI_LAYERS',
    `${where} has ${layers.length} layers, and its configuration names ${diff_ids.length}.`,
    { hint: 'No program can run such an image. Build it again, or take another one.' },
  )
}
