import type { Config, EnvironmentConfig, RepositoryConfig } from '../config/config.ts'
import { jsonObject } from '../lib/json-copy.ts'
import type { PipelineNode } from '../pipeline/plan.ts'
import { recordTests } from '../steps/record-tests/record-tests.ts'
import { runJob } from '../steps/run-job/run-job.ts'
import { isLast } from './environments.ts'
import { installsId } from './install-nodes.ts'
import type { NodeSketch } from './node-sketch.ts'
import { promoteId } from './promotion-nodes.ts'
import { publishId, repositoryOptionsOf } from './repository-nodes.ts'

export const testedId = (environment: string): string => `tested:${environment}`

/** Writes down what passed, where another environment takes from this one. Which tests there are is known at the end (`withTests`). */
export function recordTestsNode(
  config: Config,
  environment: EnvironmentConfig,
  repositories: readonly RepositoryConfig[],
  needs: readonly string[],
): readonly NodeSketch[] {
  const { name, from } = environment
  if (isLast(environment, config)) return []
  const id = from === undefined ? publishId : promoteId
  return [
    {
      id: testedId(name),
      step: recordTests.name,
      options: jsonObject({
        environment: name,
        repositories: repositories.map((one) => ({
          repository: repositoryOptionsOf(config, one),
          published: id(one.name),
          // What only looks at one repository says nothing of the others.
          tests: one.installs === undefined ? [] : [installsId(one.name)],
        })),
      }),
      needs,
    },
  ]
}

/**
 * A test of an environment is what is done between its publishing and this record: jobs and people's decisions. So those
 * that the file's own pipeline puts before the record count as well.
 */
export const withTests = (nodes: readonly PipelineNode[]): readonly PipelineNode[] =>
  nodes.map((node) => {
    if (!('step' in node) || node.step !== recordTests.name) return node
    const parsed = recordTests.options.safeParse(node.options)
    if (!parsed.success) return node
    const tests = nodes.filter((one) => node.needs.includes(one.id) && isTest(one)).map(({ id }) => id)
    const repositories = parsed.data.repositories.map((one) => ({
      ...one,
      tests: [...new Set([...one.tests, ...tests])],
    }))
    if (repositories.some((one) => one.tests.length > 0)) {
      return { ...node, options: jsonObject({ ...parsed.data, repositories }) }
    }
    const because = `no test of "${parsed.data.environment}" is declared`
    return node.skip === undefined ? { ...node, skip: { reason: 'not applicable', because } } : node
  })

const isTest = (node: PipelineNode): boolean => 'gate' in node || node.step === runJob.name
