import type { Config, EnvironmentConfig } from '../config/config.ts'
import { sharedOptionsOf } from '../config/kinds.ts'
import type { JsonObject } from '../lib/json.ts'
import { jsonObject } from '../lib/json-copy.ts'
import type { Pipeline, PipelineNode, StepNode } from '../pipeline/plan.ts'
import type { Approval } from '../signing/attest/promotion.ts'
import { steps } from '../steps/index.ts'
import type { Waiver } from '../steps/waiver.ts'
import { artifactNodes } from './artifact-nodes.ts'
import { consumerNodes } from './consumer-nodes.ts'
import { environmentPipeline, promotionNodes } from './environment-nodes.ts'
import { everyEnvironment, selectEnvironments } from './environments.ts'
import { forgeNodes, publishReleaseNode } from './forge-nodes.ts'
import { imageBuildNodes, imageId, imageProofNodes, imagePushNodes } from './image-nodes.ts'
import { installNodes } from './install-nodes.ts'
import { withLeftOut } from './left-out.ts'
import { mergePipeline } from './merge-pipeline.ts'
import { modulePushNodes } from './module-nodes.ts'
import { type GateSketch, idsOf, keyNodes, type NodeSketch } from './node-sketch.ts'
import { buildsFor, publishNode } from './repository-nodes.ts'
import { withTests } from './tested-nodes.ts'

const usualGateLimitMs = 7 * 86_400_000
const usual: Pick<StepNode, 'limitMs' | 'retry'> = {
  limitMs: 3_600_000,
  retry: { attemptsMax: 5, firstDelayMs: 1000, delayMaxMs: 60_000 },
}

/** What the command and the checkout add to what the file declares. */
export interface ReleaseScope {
  readonly branch?: string | undefined
  /** As if every environment were reached, for those who ask what a release may come to. */
  readonly everywhere?: true
  readonly waiver?: Waiver | undefined
}

/** The pipeline of a release: derived from what the file declares, then extended or replaced by its `pipeline:`. */
export function releasePipeline(config: Config, notes: string, scope: ReleaseScope = {}): Pipeline {
  const { pipeline } = config
  const derived = pipeline.extends === 'none' ? [] : derivedFor(config, notes, scope)
  const merged = mergePipeline(derived, pipeline, sharedBy(config))
  const nodes = withTests(withLeftOut(merged, derived))
  return { nodes, parallelMax: pipeline.parallelMax }
}

function derivedFor(
  config: Config,
  notes: string,
  { branch, waiver, everywhere }: ReleaseScope,
): readonly PipelineNode[] {
  if (Object.keys(config.environments).length === 0) return derivedNodes(config, notes)
  const selection = everywhere === true ? everyEnvironment(config) : selectEnvironments(config, branch)
  return environmentPipeline(config, notes, selection, waiver).map(withUsual)
}

/** Of that, the promotion to one environment alone; the one who types the command decides. */
export function promotionPipeline(
  config: Config,
  environment: EnvironmentConfig,
  decided: { readonly waiver: Waiver | undefined; readonly approval: Approval | undefined },
): Pipeline {
  const nodes = promotionNodes(config, environment, decided).map(withUsual)
  return { nodes, parallelMax: config.pipeline.parallelMax }
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

function withUsual(sketch: NodeSketch | GateSketch): PipelineNode {
  return 'gate' in sketch ? { limitMs: usualGateLimitMs, ...sketch } : { ...usual, ...sketch }
}

/**
 * Keys → sources → artifacts and images → tag → draft → assets → registries and repositories → the release becomes public. Nothing outside the
 * machine is touched before everything is built, and what people see first is what can be taken back last.
 */
function derivedNodes(config: Config, notes: string): readonly PipelineNode[] {
  const keys = keyNodes(config)
  const { sources, builds, others } = artifactNodes(config)
  const images = imageBuildNodes(config, builds)
  const made = idsOf([...builds, ...others])
  const installs = Object.values(config.repositories).flatMap((repository) =>
    installNodes(config, repository, idsOf(buildsFor(repository, builds))),
  )
  // Every key is proven, and what users install is tried, before the first thing that people see.
  const forge = forgeNodes(config, notes, {
    assets: made,
    before: idsOf([...keys, ...builds, ...others, ...images, ...installs]),
  })
  const imagePushes = [...imagePushNodes(config, idsOf(forge)), ...imageProofNodes(config, images)]
  const pushes = [...imagePushes, ...modulePushNodes(config, idsOf([...forge, ...imagePushes]))]
  const repositories = Object.values(config.repositories).map((repository) =>
    publishNode(config, repository, builds, idsOf([...installs, ...forge])),
  )
  const consumers = consumerNodes(config, undefined, idsOf(repositories))
  const ends = [...forge, ...pushes, ...repositories, ...consumers]
  const publish = publishReleaseNode(config, made, idsOf(ends))
  return [...[...keys, ...sources, ...builds, ...images, ...others, ...installs], ...[...ends, publish]].map(
    withUsual,
  )
}
