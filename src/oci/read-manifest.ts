import { z } from 'zod'
import { UserError } from '../errors.ts'
import { type Digest, digestOf, isDigest } from '../lib/digest.ts'
import type { Descriptor, ImageConfig, Index, Manifest, RawManifest } from './descriptor.ts'
import { isIndexType, isManifestType, mediaTypes } from './media-types.ts'

/** Distribution specification: registries may refuse larger ones, and a reader must not be made to hold more. */
export const manifestBytesMax = 4 << 20

const digest = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'is not "sha256:" and 64 hex digits',
)
const annotations = z.record(z.string(), z.string())
const platform = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  'os.version': z.string().optional(),
  'os.features': z.array(z.string()).optional(),
})
const descriptor = z.looseObject({
  mediaType: z.string(),
  digest,
  size: z.int().min(0),
  urls: z.array(z.string()).optional(),
  annotations: annotations.optional(),
  artifactType: z.string().optional(),
  platform: platform.optional(),
  data: z.string().optional(),
})
const common = {
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  subject: descriptor.optional(),
  annotations: annotations.optional(),
}
const manifest = z.looseObject({ ...common, config: descriptor, layers: z.array(descriptor) })
const index = z.looseObject({ ...common, manifests: z.array(descriptor) })
/** Docker writes null for what is not there. */
const orNull = <Output>(schema: z.ZodType<Output>) =>
  schema.nullish().transform((value) => value ?? undefined)
const texts = orNull(z.array(z.string()))
const set = orNull(z.record(z.string(), z.looseObject({})))
const runtimeConfig = z.looseObject({
  User: orNull(z.string()),
  ExposedPorts: set,
  Env: texts,
  Entrypoint: texts,
  Cmd: texts,
  Volumes: set,
  WorkingDir: orNull(z.string()),
  Labels: orNull(annotations),
  StopSignal: orNull(z.string()),
})
const historyEntry = z.looseObject({
  created: orNull(z.string()),
  created_by: orNull(z.string()),
  author: orNull(z.string()),
  comment: orNull(z.string()),
  empty_layer: orNull(z.boolean()),
})
const imageConfig = z.looseObject({
  created: orNull(z.string()),
  author: orNull(z.string()),
  architecture: z.string(),
  os: z.string(),
  variant: orNull(z.string()),
  config: orNull(runtimeConfig),
  rootfs: z.looseObject({
    type: z.literal('layers'),
    diff_ids: z
      .array(digest)
      .nullish()
      .transform((digests) => digests ?? []),
  }),
  history: orNull(z.array(historyEntry)),
})

/** What a manifest says, checked. Unknown fields stay, but its bytes are what counts. */
export type ParsedManifest =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly index: Index }

/** Throws a UserError that names `where`, the field and what is wrong with it. */
export function readManifest({ bytes, mediaType }: RawManifest, where: string): ParsedManifest {
  const json = parseJson(bytes, `the manifest of ${where}`)
  if (isIndexType(mediaType)) {
    return { kind: 'index', index: checked(index, json, `manifest of ${where}`) as unknown as Index }
  }
  if (isManifestType(mediaType)) {
    return {
      kind: 'manifest',
      manifest: checked(manifest, json, `manifest of ${where}`) as unknown as Manifest,
    }
  }
  throw new UserError('OCI_MANIFEST_TYPE', `${where} is of the type "${mediaType}", which is no image.`, {
    hint: `Hawser reads OCI manifests and indexes, and Docker's (schema 2).`,
  })
}

export function readImageConfig(bytes: Uint8Array, where: string): ImageConfig {
  return checked(
    imageConfig,
    parseJson(bytes, `the configuration of ${where}`),
    `configuration of ${where}`,
  ) as unknown as ImageConfig
}

/** With its type: as the server says, else as it says itself. A manifest that says something else is refused. */
export function rawManifest(bytes: Uint8Array, mediaType: string | undefined, where: string): RawManifest {
  if (bytes.length > manifestBytesMax) {
    throw new UserError(
      'OCI_MANIFEST_SIZE',
      `The manifest of ${where} is larger than ${manifestBytesMax} bytes.`,
      {
        hint: 'Registries may refuse such a manifest, so that none is read or written.',
      },
    )
  }
  const own = z.looseObject({ mediaType: z.string() }).safeParse(parseJson(bytes, `the manifest of ${where}`))
  const stated = own.success ? own.data.mediaType : undefined
  if (mediaType !== undefined && stated !== undefined && mediaType !== stated) {
    throw new UserError(
      'OCI_MANIFEST_TYPE',
      `The manifest of ${where} is served as "${mediaType}" and calls itself "${stated}".`,
      {
        hint: 'Such a manifest can be read in two ways, so that it is refused. Push it again with its right type.',
      },
    )
  }
  return { bytes, digest: digestOf(bytes), mediaType: stated ?? mediaType ?? mediaTypes.manifest }
}

export const descriptorOf = ({ bytes, digest: own, mediaType }: RawManifest): Descriptor => ({
  mediaType,
  digest: own,
  size: bytes.length,
})

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new UserError('OCI_NOT_JSON', `It is not JSON: ${what}.`, {
      hint: 'It is damaged, or the address is not one of an image.',
      cause,
    })
  }
}

function checked<Output>(schema: z.ZodType<Output>, json: unknown, what: string): Output {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const lines = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `\n${path.length === 0 ? 'it' : path.join('.')}: ${message}`)
  throw new UserError('OCI_MANIFEST', `The ${what} is not right:${lines.join('')}`, {
    hint: 'It was written by a broken tool. Build the image again.',
  })
}
