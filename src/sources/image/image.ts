import { join, posix } from 'node:path'
import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { imageFor } from '../../oci/copy.ts'
import { openDeclaredRegistry, registriesOptions } from '../../oci/declared-registry.ts'
import type { Platform } from '../../oci/descriptor.ts'
import { dockerArchive, type KeptLayer } from '../../oci/docker-archive.ts'
import { openLayout } from '../../oci/layout/layout.ts'
import type { OciStore } from '../../oci/oci-store.ts'
import { parseReference } from '../../oci/reference.ts'
import type { Provider } from '../../provider.ts'
import type { FetchedSource, Source, SourceContext } from '../source.ts'
import { fetchPinned, peekPinned } from '../source-record.ts'
import { keptLayers } from './kept-layers.ts'
import { type Place, parsePlace, placeProblem } from './place.ts'

const options = z.object({
  reference: z
    .string()
    .superRefine((text, context) => {
      const problem = placeProblem(text)
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
    })
    .describe(
      'The image by its digest: NAME@sha256:HEX in a registry, or oci:FOLDER@sha256:HEX in a layout of the project.',
    ),
  platform: z
    .string()
    .regex(/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/, { error: 'Write OS/ARCHITECTURE, such as linux/amd64.' })
    .default('linux/amd64')
    .describe('The platform, of an image for several of them.'),
  tag: z
    .string()
    .superRefine((text, context) => {
      const problem = tagProblem(text)
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
    })
    .exactOptional()
    .describe(
      'What the image is called where it is loaded, such as gcr.io/team/app:1.0; only its id when not given.',
    ),
  name: z
    .string()
    .regex(/^(?!\.{1,2}$)[^/\p{Cc}]+$/u, { error: 'Write a file name without folders.' })
    .exactOptional()
    .describe('Name of the file; the last part of the reference with ".tar" when not given.'),
  registries: registriesOptions
    .exactOptional()
    .describe('How registries are reached, by host; as "registries" of this file says when not given.'),
})

type Options = z.output<typeof options>

export const image: Provider<Source, typeof options, SourceContext> = {
  name: 'image',
  describe:
    'A container image as a file that docker load, podman load and skopeo take, pinned by its digest.',
  options,
  example: {
    reference:
      'registry.example.org/pause@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03',
    tag: 'registry.example.org/pause:3.0',
    name: 'pause.tar',
  },
  create: (written, context) => {
    const { digest } = parsePlace(written.reference)
    const tagged = written.tag === undefined ? '' : ` called ${written.tag}`
    const pin = `image:${digest} for ${written.platform}${tagged} as ${nameOf(written)}`
    return {
      describe: `image ${written.reference}`,
      pin,
      peek: (signal) => peekPinned(pin, context, signal),
      fetch: (signal) => fetchPinned(pin, context, signal, () => fetchImage(written, context, signal)),
    }
  },
}

function nameOf({ name, reference }: Options): string {
  if (name !== undefined) return name
  const place = parsePlace(reference)
  return `${posix.basename(place.kind === 'layout' ? place.folder : place.repository)}.tar`
}

function tagProblem(text: string): string | undefined {
  try {
    const { tag, digest } = parseReference(text)
    return tag === undefined || digest !== undefined ? tagHint : undefined
  } catch (error) {
    if (error instanceof UserError) return `${error.message} ${tagHint}`
    throw error
  }
}

const tagHint = 'Write NAME:TAG, such as gcr.io/team/app:1.0.'

async function fetchImage(
  written: Options,
  context: SourceContext,
  signal: AbortSignal,
): Promise<FetchedSource> {
  const place = parsePlace(written.reference)
  const store = openStore(written, place, context, signal)
  const found = await store.manifest(place.digest, { signal })
  if (found === undefined) throw absentError(place, store)
  const platform = platformOf(written.platform)
  const manifest = await imageFor(store, found, platform, signal)
  const layers = await keptLayers(context.store)
  try {
    const tags = written.tag === undefined ? [] : [written.tag]
    const keep = (layer: AsyncIterable<Uint8Array>): Promise<KeptLayer> => layers.keep(layer, signal)
    const archive = dockerArchive(store, manifest, { platform, tags, keep, signal })
    const blob = await context.store.add(archive, { durable: false, signal })
    return { digest: blob.digest, files: [{ path: nameOf(written), mode: 0o644, ...blob }] }
  } finally {
    await layers.remove()
  }
}

function openStore(
  { registries = {} }: Options,
  place: Place,
  { environment, root, onRetry, maskSecret = () => undefined }: SourceContext,
  signal: AbortSignal,
): OciStore {
  if (place.kind === 'layout') return openLayout(join(root, place.folder))
  const world = { environment, root, signal, maskSecret, log: onRetry }
  return openDeclaredRegistry(place.registry, registries, world).repository(place.repository)
}

function platformOf(text: string): Platform {
  const [os = '', architecture = '', variant] = text.split('/')
  return { os, architecture, ...(variant !== undefined && { variant }) }
}

const absentError = ({ digest, kind }: Place, { location }: OciStore): UserError =>
  new UserError('SOURCE_IMAGE_ABSENT', `There is no image ${digest} in ${location}.`, {
    hint:
      kind === 'layout'
        ? 'Check the folder, and that its index.json names the digest.'
        : 'Check the name and the digest: "skopeo inspect docker://NAME:TAG" prints the digest of a tag. A registry may also hide what the account may not see.',
  })
