import { z } from 'zod'
import { registriesOptions } from '../../oci/declared-registry.ts'
import { packageDeclaration } from '../build-package/declaration.ts'
import { choice } from '../choice.ts'

const textMap = z.record(z.string(), z.string())

export const platform = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().exactOptional(),
})

const layer = z.object({
  contents: packageDeclaration.shape.contents,
  /** Steps that build the packages that are unpacked into it. */
  packages: z.array(z.string()),
})

const base = z.discriminatedUnion('from', [
  z.object({ from: z.literal('registry'), reference: z.string() }),
  z.object({ from: z.literal('layout'), folder: z.string(), tag: z.string() }),
])

/** One platform of an image, as config/ resolves it. */
const variant = z.object({
  platform,
  base: base.optional(),
  layers: z.array(layer),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  environment: textMap,
  user: z.string().optional(),
  workdir: z.string().optional(),
  labels: textMap,
  ports: z.array(z.string()),
  volumes: z.array(z.string()),
  stopSignal: z.string().optional(),
  author: z.string().optional(),
})

const dockerfile = z.object({
  file: z.string(),
  context: z.string(),
  tool: z.enum(['buildah', 'podman', 'docker']),
  target: z.string().optional(),
  arguments: textMap,
  options: z.array(z.string()),
})

export const imageDeclaration = z.object({
  image: z.string(),
  variants: z.array(variant).min(1),
  dockerfile: dockerfile.optional(),
  annotations: textMap,
  compression: z.enum(['gzip', 'zstd', 'none']),
  /** Those that contents name. */
  sources: z.record(z.string(), choice),
  registries: registriesOptions,
})

export type ImageDeclaration = z.infer<typeof imageDeclaration>
export type ImageVariant = ImageDeclaration['variants'][number]
