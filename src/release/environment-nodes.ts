import type { Config, EnvironmentConfig, RepositoryConfig } from '../config/config.ts'
import type { Approval } from '../signing/attest/promotion.ts'
import { awaitMerge } from '../steps/await-merge/await-merge.ts'
import type { Waiver } from '../steps/waiver.ts'
import { artifactNodes, type BuildNode } from './artifact-nodes.ts'
import { consumerNodes } from './consumer-nodes.ts'
import { isLast, type Selection } from './environments.ts'
import { forgeIds, forgeNodes, publishReleaseNode } from './forge-nodes.ts'
import { imageBuildNodes, imageProofNodes, imagePushNodes } from './image-nodes.ts'
import { installNodes } from './install-nodes.ts'
import { modulePushNodes } from './module-nodes.ts'
import { type GateSketch, idsOf, keyId, keyNodes, type NodeSketch, skipped } from './node-sketch.ts'
import { promoteId, promoteNode, takeId, takeNode } from './promotion-nodes.ts'
import { buildsFor, publishId, publishNode } from './repository-nodes.ts'
import { recordTestsNode, testedId } from './tested-nodes.ts'

type Sketch = NodeSketch | GateSketch

/** What the pipeline of each environment is made from. */
interface World {
  readonly config: Config
  readonly selection: Selection
  readonly waiver: Waiver | undefined
  readonly builds: readonly BuildNode[]
}

interface Stage {
  readonly environment: EnvironmentConfig
  readonly nodes: readonly Sketch[]
  /** What must be well before the first thing of it is public. */
  readonly checks: readonly string[]
}

/**
 * Builds → the environments one after the other, each behind the tests of the one that it takes from → the release becomes
 * public. A release on the forge is made with the last environments; what is in it are the packages that were tested.
 */
export function environmentPipeline(
  config: Config,
  notes: string,
  selection: Selection,
  waiver: Waiver | undefined,
): readonly Sketch[] {
  const last = selection.environments.filter((one) => isLast(one, config))
  const released = last.filter(selection.isReached)
  const taken = released.filter(({ from }) => from !== undefined).flatMap(repositoriesIn(config))
  const takes = taken.map(({ name }) => ({ id: takeId(name) }))
  const artifacts = artifactNodes(config, takes.length > 0 ? takes : undefined)
  const { sources, builds } = artifacts
  const images = imageBuildNodes(config, builds)
  const assets = [...(takes.length > 0 ? idsOf(takes) : idsOf(builds)), ...idsOf(artifacts.others)]
  const stages = selection.environments.map((one) => stageOf(one, { config, selection, waiver, builds }))
  const checks = stages.flatMap((stage) => (released.includes(stage.environment) ? stage.checks : []))
  const { signTag } = config.release
  const signers = signTag === undefined ? [] : [keyId(signTag)]
  const forge = forgeNodes(config, notes, {
    assets,
    before: [...assets, ...idsOf(images), ...signers, ...checks],
  })
  const imagePushes = [...imagePushNodes(config, idsOf(forge)), ...imageProofNodes(config, images)]
  const pushes = [...imagePushes, ...modulePushNodes(config, idsOf([...forge, ...imagePushes]))]
  const staged = stages.flatMap(({ nodes }) => nodes)
  const ends = [...forge, ...pushes, ...staged]
  const publish = publishReleaseNode(config, assets, idsOf(ends))
  const ofRelease = [...images, ...artifacts.others, ...forge, ...pushes, publish]
  return withNeeded(config, sources, [
    ...skipped(builds, selection.skipBuilds),
    ...staged,
    ...skipped(ofRelease, selection.skipRelease),
  ])
}

const repositoriesIn =
  ({ repositories }: Config) =>
  ({ repositories: names }: EnvironmentConfig): readonly RepositoryConfig[] =>
    names.flatMap((name) => repositories[name] ?? [])

export const gateId = (environment: string): string => `approve:${environment}`

/** Everything that happens for one environment. */
function stageOf(environment: EnvironmentConfig, world: World): Stage {
  const { config, selection } = world
  const { name, approval, from } = environment
  const repositories = repositoriesIn(config)(environment)
  const takes = from === undefined ? [] : repositories.map((one) => takeFrom(one, environment, world))
  const packagesOf = (one: RepositoryConfig): readonly string[] =>
    from === undefined ? idsOf(buildsFor(one, world.builds)) : [takeId(one.name)]
  const installs = repositories.flatMap((one) => installNodes(config, one, packagesOf(one)))
  const made = [...new Set(repositories.flatMap(packagesOf))]
  const gate: readonly GateSketch[] =
    approval === undefined ? [] : [{ id: gateId(name), gate: approval, needs: [...made, ...idsOf(installs)] }]
  const checks = idsOf([...installs, ...gate])
  const before = [
    // Nothing outside of the machine is touched before everything is built.
    ...(from === undefined ? idsOf(world.builds) : made),
    ...checks,
    ...(isLast(environment, config) ? forgeIds : []),
  ]
  const publishes = repositories.map((one) =>
    from === undefined
      ? publishNode(config, one, world.builds, before)
      : promoteNode(config, one, {
          environment,
          before,
          gate: approval === undefined ? undefined : { id: gateId(name), question: approval },
        }),
  )
  const consumers = consumerNodes(config, name, idsOf(publishes))
  const tested = recordTestsNode(
    config,
    environment,
    repositories,
    idsOf([...installs, ...publishes, ...consumers.filter(({ step }) => step !== awaitMerge.name)]),
  )
  const nodes: readonly Sketch[] = [
    ...[...takes, ...installs, ...gate, ...publishes],
    ...[...consumers, ...tested],
  ]
  return { environment, checks, nodes: skipped(nodes, selection.skipOf(environment)) }
}

/** What of it `hawser promote` does: no gate, since a person types it. */
export function promotionNodes(
  config: Config,
  environment: EnvironmentConfig,
  { waiver, approval }: { readonly waiver: Waiver | undefined; readonly approval: Approval | undefined },
): readonly NodeSketch[] {
  const repositories = repositoriesIn(config)(environment)
  const takes = repositories.map((one) => takeNode(config, one, waiver, []))
  const installs = repositories.flatMap((one) => installNodes(config, one, [takeId(one.name)]))
  const before = idsOf([...takes, ...installs])
  const promotes = repositories.map((one) => promoteNode(config, one, { environment, approval, before }))
  const used = new Set(promotes.flatMap(({ needs }) => needs))
  return [...keyNodes(config).filter(({ id }) => used.has(id)), ...takes, ...installs, ...promotes]
}

/** After everything that is to happen to the packages where they are taken from. */
function takeFrom(
  repository: RepositoryConfig,
  { from }: EnvironmentConfig,
  { config, waiver }: World,
): NodeSketch {
  const source = from === undefined ? undefined : config.environments[from]
  const published = source?.repositories ?? []
  const id = source?.from === undefined ? publishId : promoteId
  return takeNode(config, repository, waiver, [...published.map(id), testedId(from ?? '')])
}

/** Keys and sources are for those who need them: what only left-out nodes need is left out like them. */
function withNeeded(
  config: Config,
  sources: readonly NodeSketch[],
  nodes: readonly Sketch[],
): readonly Sketch[] {
  const reason = (id: string) => {
    const users = nodes.filter(({ needs }) => needs.includes(id))
    return users.length > 0 && users.every(({ skip }) => skip !== undefined) ? users[0]?.skip : undefined
  }
  const keys = keyNodes(config).flatMap((node) => skipped([node], reason(node.id)))
  const proven = keys.filter(({ skip }) => skip === undefined)
  const tagged = nodes.map((node) =>
    // Every key is proven before the first thing that people see.
    node.id === 'tag' ? { ...node, needs: [...new Set([...node.needs, ...idsOf(proven)])] } : node,
  )
  return [...keys, ...sources.flatMap((node) => skipped([node], reason(node.id))), ...tagged]
}
