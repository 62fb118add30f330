import type { Config } from '../config/config.ts'
import type { ConsumerConfig } from '../config/consumer-config.ts'
import { jsonObject } from '../lib/json-copy.ts'
import { awaitMerge } from '../steps/await-merge/await-merge.ts'
import { checkDrift } from '../steps/check-drift/check-drift.ts'
import { proposeChange } from '../steps/propose-change/propose-change.ts'
import { runJob } from '../steps/run-job/run-job.ts'
import { idsOf, type NodeSketch } from './node-sketch.ts'
import { resolveConsumer } from './resolve-edits.ts'

const idOf = (what: string, consumer: string, environment: string | undefined, ...more: string[]): string =>
  [what, consumer, environment, ...more].filter((part) => part !== undefined).join(':')

/**
 * What the consumers of an environment (of a file without environments: all) do once its packages are there: one pull
 * request, nothing left behind in it, its tests; and people merge it behind the last of its environments.
 */
export const consumerNodes = (
  config: Config,
  environment: string | undefined,
  published: readonly string[],
): readonly NodeSketch[] =>
  Object.values(config.consumers).flatMap((consumer) =>
    environment === undefined || consumer.environments.includes(environment)
      ? nodesOf(config, consumer, environment, published)
      : [],
  )

function nodesOf(
  config: Config,
  consumer: ConsumerConfig,
  environment: string | undefined,
  published: readonly string[],
): readonly NodeSketch[] {
  const { name, forge, base, branch, title, body, labels, watch, environments } = consumer
  const { edits, laterEdits, packages, foreign } = resolveConsumer(config, consumer, environment)
  const from = idOf('consume', name, environment)
  const drift: NodeSketch = {
    id: idOf('drift', name, environment),
    step: checkDrift.name,
    options: jsonObject({ forge, from, edits, laterEdits, packages, foreign, watch }),
    needs: [from],
  }
  const consume: NodeSketch = {
    id: from,
    step: proposeChange.name,
    options: jsonObject({ forge, base, branch, title, body, labels, edits, laterEdits }),
    needs: [...published, ...testsBefore(consumer, environment)],
  }
  const tests = consumer.tests.map(
    (test): NodeSketch => ({
      id: idOf('test', name, environment, test.name),
      step: runJob.name,
      options: jsonObject({
        ...test.options,
        forge,
        headFrom: from,
        release: config.release.tag,
        releaseForge: config.forge,
      }),
      // What is known to be wrong needs no test.
      needs: [from, drift.id],
      limitMs: test.limitMs,
    }),
  )
  const nodes = [consume, drift, ...tests]
  return environment === environments.at(-1) ? [...nodes, mergeNode(consumer, from, idsOf(nodes))] : nodes
}

/** Of the environment before: one branch is not changed while it is still tested. */
function testsBefore(
  { name, environments, tests }: ConsumerConfig,
  environment: string | undefined,
): readonly string[] {
  const before = environment === undefined ? undefined : environments[environments.indexOf(environment) - 1]
  if (before === undefined) return []
  return [idOf('drift', name, before), ...tests.map((test) => idOf('test', name, before, test.name))]
}

const mergeNode = (
  { name, forge, merge }: ConsumerConfig,
  from: string,
  needs: readonly string[],
): NodeSketch => ({
  id: idOf('merge', name, undefined),
  step: awaitMerge.name,
  options: jsonObject({ forge, from, requireApproval: merge.requireApproval }),
  needs,
  limitMs: merge.limitMs,
})
