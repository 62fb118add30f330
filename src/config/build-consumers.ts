import { jsonObject } from '../lib/json-copy.ts'
import { chosenIn } from './chosen.ts'
import type { ConsumerConfig, ConsumerTest, EditConfig, ValueConfig } from './consumer-config.ts'
import { consumerDefaults } from './defaults.ts'
import type { ConfigKinds } from './kinds.ts'
import { required } from './required.ts'
import type { WrittenConfig } from './schema/config-schema.ts'
import type { WrittenConsumer, WrittenEdit, WrittenValue } from './schema/consumer-schema.ts'
import { durationMsOf } from './schema/text.ts'

/** The consumers of a checked file, with every default. */
export function consumersOf(
  { consumers = {}, project }: WrittenConfig,
  kinds: ConfigKinds,
  version: string,
): readonly ConsumerConfig[] {
  const filled = (text: string): string =>
    text.replace('${project}', () => required(project)).replace('${version}', () => version)
  return Object.entries(consumers).map(([name, one]) => ({
    name,
    forge: chosenIn(required(one.forge), kinds.forges),
    base: one.base,
    branch: one.branch ?? filled(consumerDefaults.branch),
    title: one.title ?? filled(consumerDefaults.title),
    body: one.body ?? '',
    labels: one.labels ?? [],
    environments: one.environments ?? [],
    edits: required(one.edits).map(editOf),
    watch: one.watch ?? [],
    tests: (one.tests ?? []).map(testOf),
    merge: {
      limitMs: durationMsOf(one.merge?.limit ?? consumerDefaults.mergeLimit),
      requireApproval: one.merge?.requireApproval ?? consumerDefaults.requireApproval,
    },
  }))
}

function editOf({ yaml, versions, mentions }: WrittenEdit): EditConfig {
  if (yaml !== undefined) {
    const values = Object.entries(required(yaml.values)).map(([path, value]) => [path, valueFor(value)])
    return { kind: 'yaml', file: required(yaml.file), values: Object.fromEntries(values) }
  }
  if (mentions !== undefined) {
    return { kind: 'mentions', files: required(mentions.files), packages: required(mentions.packages) }
  }
  const { files, pattern, packages, variants, format, value } = required(versions)
  return {
    kind: 'versions',
    files: required(files),
    pattern: required(pattern),
    of:
      packages === undefined
        ? { value: valueFor(required(value)) }
        : { packages, formats: variants ?? required(format) },
  }
}

function valueFor(written: WrittenValue): ValueConfig {
  if (typeof written === 'string') return { from: 'text', text: written }
  if ('package' in written) return { from: 'package', ...written }
  if ('repository' in written) return { from: 'repository', format: written.repository }
  return { from: 'publicKey', format: written.publicKey }
}

function testOf({ name, job, inputs, limit, attempts, artifacts }: WrittenTest): ConsumerTest {
  const { provider, options } = required(job)
  const limitMs = durationMsOf(limit ?? consumerDefaults.testLimit)
  const attemptsMax = attempts ?? 1
  return {
    name: required(name),
    // All attempts, and the looks between them.
    limitMs: limitMs * attemptsMax + 600_000,
    options: jsonObject({
      name,
      job: { provider, options },
      inputs: inputs ?? {},
      limitMs,
      attemptsMax,
      artifacts: artifacts ?? [],
    }),
  }
}

type WrittenTest = NonNullable<WrittenConsumer['tests']>[number]
