import type { Config, ImageConfig } from '../config/config.ts'
import type { ImagePlatform, ResolvedImage } from '../config/resolved-image.ts'
import { jsonObject } from '../lib/json-copy.ts'
import { canonicalArchitecture } from '../packages/architecture.ts'
import { packageFormat } from '../packages/index.ts'
import { attest } from '../steps/attest/attest.ts'
import { buildImage } from '../steps/build-image/build-image.ts'
import { pushImage } from '../steps/push-image/push-image.ts'
import { sign } from '../steps/sign/sign.ts'
import { type BuildNode, choicesOf, sourceId } from './artifact-nodes.ts'
import { keyId, type NodeSketch } from './node-sketch.ts'
import { contentDeclaration, sourcesInLayer } from './package-declaration.ts'

export const imageId = (name: string): string => `image:${name}`

/** One step for each image, with all of its platforms. */
export const imageBuildNodes = (config: Config, builds: readonly BuildNode[]): readonly NodeSketch[] =>
  Object.values(config.images).map((image) => buildNode(config, image, builds))

function buildNode(config: Config, image: ImageConfig, builds: readonly BuildNode[]): NodeSketch {
  const { name, variants, dockerfile, annotations, compression } = image
  const sources = [...new Set(variants.flatMap(({ layers }) => layers.flatMap(sourcesInLayer)))]
  const packages = new Set<string>()
  const options = {
    image: name,
    variants: variants.map((variant) => ({
      ...variant,
      layers: variant.layers.map((layer) => {
        const from = packagesFor(layer.packages, variant, builds)
        for (const id of from) packages.add(id)
        return { contents: layer.contents.map(contentDeclaration), packages: from }
      }),
    })),
    dockerfile,
    annotations,
    compression,
    sources: choicesOf(config, sources),
    registries: config.registries,
  }
  return {
    id: imageId(name),
    step: buildImage.name,
    options: jsonObject(options),
    needs: [...sources.map(sourceId), ...packages],
  }
}

/** The steps that build the named packages for the machine of an image. */
function packagesFor(
  names: readonly string[],
  { platform }: ResolvedImage,
  builds: readonly BuildNode[],
): readonly string[] {
  const wanted = ['all', packageArchitecture(platform)]
  return names.flatMap((name) => {
    const suitable = builds.filter(
      ({ packageName, variant }) =>
        packageName === name &&
        packageFormat(variant.format).unpack !== undefined &&
        wanted.includes(variant.architecture),
    )
    // Variants for several distributions differ in their build numbers; an image takes the first.
    return suitable.slice(0, 1).map(({ id }) => id)
  })
}

/** Debian's word for OCI's: arm is armhf from v7 on, and armel before. */
function packageArchitecture({ architecture, variant }: ImagePlatform): string {
  if (architecture === 'arm' && (variant === 'v5' || variant === 'v6')) return 'armel'
  return canonicalArchitecture(architecture) ?? architecture
}

/** One step for each repository of each image. */
export const imagePushNodes = (config: Config, before: readonly string[]): readonly NodeSketch[] =>
  Object.values(config.images).flatMap(({ name, push, tags }) =>
    push.map((repository) => ({
      id: pushId(name, repository),
      step: pushImage.name,
      options: jsonObject({
        image: name,
        from: imageId(name),
        repository,
        tags,
        registries: config.registries,
        release: { forge: config.forge, tag: config.release.tag },
      }),
      needs: [...before, imageId(name)],
    })),
  )

/** Signatures and attestations, where the image says so: after the push, since they are about what is in the registry. */
export const imageProofNodes = (config: Config, built: readonly NodeSketch[]): readonly NodeSketch[] =>
  Object.values(config.images).flatMap((image) =>
    image.push.flatMap((repository) => proofNodes(config, image, repository, built)),
  )

function proofNodes(
  { keys: declared, registries }: Config,
  { name, variants, sign: signers, attest: isAttested }: ImageConfig,
  repository: string,
  built: readonly NodeSketch[],
): readonly NodeSketch[] {
  if (signers.length === 0) return []
  const from = pushId(name, repository)
  const keys = signers.flatMap((key) => declared[key] ?? [])
  const needs = [from, ...signers.map(keyId)]
  const signing = {
    id: `sign:${name}:${repository}`,
    step: sign.name,
    options: jsonObject({ from, keys, registries }),
    needs,
  }
  if (!isAttested) return [signing]
  const build = built.find(({ id }) => id === imageId(name))
  const packages = (build?.needs ?? []).filter((id) => id.startsWith('build:'))
  const bases = variants.flatMap(({ base }) => (base?.from === 'registry' ? [base.reference] : []))
  const options = {
    image: name,
    built: imageId(name),
    from,
    packages,
    bases: [...new Set(bases)],
    keys,
    registries,
  }
  const attesting = {
    id: `attest:${name}:${repository}`,
    step: attest.name,
    options: jsonObject(options),
    needs: [...needs, imageId(name), ...packages],
  }
  return [signing, attesting]
}

export const pushId = (name: string, repository: string): string => `push:${name}:${repository}`
