import type { Config, RepositoryConfig } from '../config/config.ts'
import { sharedOptionsOf } from '../config/kinds.ts'
import type { JsonObject } from '../lib/json.ts'
import { jsonObject } from '../lib/json-copy.ts'
import type { Pipeline, PipelineNode, StepNode } from '../pipeline/plan.ts'
import { createDraft } from '../steps/create-draft/create-draft.ts'
import { createTag } from '../steps/create-tag/create-tag.ts'
import { steps } from '../steps/index.ts'
import { publishPackages } from '../steps/publish-packages/publish-packages.ts'
import { publishRelease } from '../steps/publish-release/publish-release.ts'
import { uploadAssets } from '../steps/upload-assets/upload-assets.ts'
import { type ArtifactNodes, artifactNodes, type BuildNode } from './artifact-nodes.ts'
import { imageBuildNodes, imageId, imageProofNodes, imagePushNodes } from './image-nodes.ts'
import { mergePipeline } from './merge-pipeline.ts'
import { modulePushNodes } from './module-nodes.ts'
import { idsOf, keyId, keyNodes, type NodeSketch } from './node-sketch.ts'

const usual: Pick<StepNode, 'limitMs' | 'retry'> = {
  limitMs: 3_600_000,
  retry: { attemptsMax: 5, firstDelayMs: 1000, delayMaxMs: 60_000 },
}

/** The pipeline of a release: derived from what the file declares, then extended or replaced by its `pipeline:`. */
export function releasePipeline(config: Config, notes: string): Pipeline {
  const { pipeline } = config
  const derived = pipeline.extends === 'none' ? [] : derivedNodes(config, notes)
  return { nodes: mergePipeline(derived, pipeline, sharedBy(config)), parallelMax: pipeline.parallelMax }
}

/** What the file says once and steps of the pipeline need not repeat. */
const sharedBy =
  ({ forge, registries }: Config) =>
  (step: string): JsonObject => {
    const kind = steps.find(({ name }) => name === step)
    const wanted: readonly string[] = kind === undefined ? [] : sharedOptionsOf(kind)
    const all = { forge, registries }
    return jsonObject(Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name))))
  }

/** Only what makes artifacts: the pipeline of `hawser build`. */
export function buildPipeline(config: Config): Pipeline {
  const { sources, builds, others } = artifactNodes(config)
  const images = imageBuildNodes(config, builds)
  const nodes = [...keyNodes(config), ...sources, ...builds, ...images, ...others].map(withUsual)
  return { nodes, parallelMax: config.pipeline.parallelMax }
}

/** Of that, what images need. */
export function imagePipeline(config: Config): Pipeline {
  const { nodes, parallelMax } = buildPipeline(config)
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const wanted = new Set<string>()
  const want = (id: string): void => {
    if (wanted.has(id)) return
    wanted.add(id)
    for (const need of byId.get(id)?.needs ?? []) want(need)
  }
  for (const name of Object.keys(config.images)) want(imageId(name))
  return { nodes: nodes.filter(({ id }) => wanted.has(id)), parallelMax }
}

const withUsual = ({ id, step, options, needs }: NodeSketch): PipelineNode => ({
  id,
  step,
  options,
  needs,
  ...usual,
})

/**
 * Keys → sources → artifacts and images → tag → draft → assets → registries and repositories → the release becomes public. Nothing outside the
 * machine is touched before everything is built, and what people see first is what can be taken back last.
 */
function derivedNodes(config: Config, notes: string): readonly PipelineNode[] {
  const keys = keyNodes(config)
  const artifacts = artifactNodes(config)
  const { sources, builds, others } = artifacts
  const images = imageBuildNodes(config, builds)
  const forge = forgeNodes(config, notes, keys, artifacts, images)
  const imagePushes = [...imagePushNodes(config, idsOf(forge)), ...imageProofNodes(config, images)]
  const pushes = [...imagePushes, ...modulePushNodes(config, idsOf([...forge, ...imagePushes]))]
  const repositories = Object.values(config.repositories).map((repository) =>
    repositoryNode(config, repository, builds, idsOf(forge)),
  )
  const publish: NodeSketch = {
    id: 'publish-release',
    step: publishRelease.name,
    options: jsonObject({
      forge: config.forge,
      tag: config.release.tag,
      from: idsOf([...builds, ...others]),
    }),
    needs: idsOf([...forge, ...pushes, ...repositories]),
  }
  return [
    ...[...keys, ...sources, ...builds, ...images, ...others],
    ...[...forge, ...pushes, ...repositories, publish],
  ].map(withUsual)
}

function forgeNodes(
  { forge, release, keys: declaredKeys }: Config,
  notes: string,
  keys: readonly NodeSketch[],
  { builds, others }: ArtifactNodes,
  images: readonly NodeSketch[],
): readonly NodeSketch[] {
  const { tag, title, isPrerelease, signTag, commitFrom } = release
  const before = commitFrom === undefined ? [] : [commitFrom]
  const made = idsOf([...builds, ...others])
  const key = signTag === undefined ? undefined : declaredKeys[signTag]
  return [
    {
      id: 'tag',
      step: createTag.name,
      options: jsonObject({ forge, tag, message: title, commitFrom, key }),
      // Every key is proven before the first thing that people see.
      needs: [...idsOf(keys), ...made, ...idsOf(images), ...before],
    },
    {
      id: 'draft',
      step: createDraft.name,
      options: jsonObject({
        ...{ forge, tag, title, notes, isPrerelease, commitFrom },
        notesFrom: release.notes.from === 'forge' ? 'forge' : undefined,
      }),
      needs: ['tag', ...before],
    },
    {
      id: 'assets',
      step: uploadAssets.name,
      options: jsonObject({ forge, tag, from: made }),
      needs: ['draft', ...made],
    },
  ]
}

function repositoryNode(
  { keys }: Config,
  repository: RepositoryConfig,
  builds: readonly BuildNode[],
  before: readonly string[],
): NodeSketch {
  const { name, format, storage, acceptedKeys, url, adopt, hasKeyringPackage } = repository
  const { packageFormat, packages, distribution } = repository
  const wanted = builds.filter(
    ({ packageName, variant }) =>
      packages.includes(packageName) &&
      variant.format === packageFormat &&
      variant.distribution === distribution,
  )
  return {
    id: `publish:${name}`,
    step: publishPackages.name,
    options: jsonObject({
      repository: name,
      format,
      storage,
      keys: repository.keys.flatMap((key) => keys[key] ?? []),
      acceptedKeys,
      url,
      adopt,
      hasKeyringPackage,
      from: idsOf(wanted),
    }),
    needs: [...before, ...idsOf(wanted), ...repository.keys.map(keyId)],
  }
}
