import { describe, expect, test } from 'vitest'
import type { GateConfig, PipelineConfig, StepConfig } from '../config/config.ts'
import type { PipelineNode } from '../pipeline/plan.ts'
import { mergePipeline } from './merge-pipeline.ts'

const retry = { attemptsMax: 5, firstDelayMs: 1000, delayMaxMs: 60_000 }
const node = (id: string, step: string, needs: readonly string[] = []): PipelineNode => ({
  id,
  step,
  needs,
  options: {},
  limitMs: 1000,
  retry,
})
const derived = [
  node('build:a', 'build-package'),
  node('build:b', 'build-package'),
  node('publish', 'publish-release', ['build:a', 'build:b']),
]
const step = (id: string, more: Partial<StepConfig> = {}): StepConfig => ({
  kind: 'step',
  id,
  step: 'collect-files',
  options: {},
  needs: [],
  before: [],
  skipBecause: undefined,
  limitMs: 5,
  retry,
  ...more,
})
const gate = (id: string, more: Partial<GateConfig> = {}): GateConfig => ({
  kind: 'gate',
  id,
  gate: 'Ship it?',
  needs: [],
  before: [],
  skipBecause: undefined,
  limitMs: 5,
  ...more,
})
const pipeline = (steps: PipelineConfig['steps']): PipelineConfig => ({
  extends: 'default',
  parallelMax: 4,
  steps,
})
const needsOf = (nodes: readonly PipelineNode[], id: string) => nodes.find((found) => found.id === id)?.needs

test('without declared steps the derived pipeline stays as it is', () => {
  expect(mergePipeline(derived, pipeline([]))).toEqual(derived)
})

test('a gate comes between when it needs one step and stands before another', () => {
  const merged = mergePipeline(
    derived,
    pipeline([gate('approve', { needs: ['build:a'], before: ['publish'] })]),
  )

  expect(needsOf(merged, 'approve')).toEqual(['build:a'])
  expect(needsOf(merged, 'publish')).toEqual(['build:a', 'build:b', 'approve'])
})

test('a need that names a kind of step means all steps of that kind', () => {
  const merged = mergePipeline(derived, pipeline([step('smoke', { needs: ['build-package'] })]))

  expect(needsOf(merged, 'smoke')).toEqual(['build:a', 'build:b'])
})

test('a declared step takes the place of a derived one and keeps its needs', () => {
  const merged = mergePipeline(derived, pipeline([step('publish', { limitMs: 7 })]))

  expect(merged.map(({ id }) => id)).toEqual(['build:a', 'build:b', 'publish'])
  expect(merged[2]).toMatchObject({ step: 'collect-files', limitMs: 7, needs: ['build:a', 'build:b'] })
})

test('a step whose condition does not hold is skipped, with the reason', () => {
  const [added] = mergePipeline([], pipeline([step('smoke', { skipBecause: 'dummy credentials' })]))

  expect(added?.skip).toEqual({ reason: 'not selected', by: 'dummy credentials' })
})

describe('a need that nobody has', () => {
  test.each([
    ['a typing error gets a suggestion', 'build:aa', 'Did you mean "build:a"?'],
    ['anything else gets the list', 'deploy', 'Steps: build:a, build:b, publish, smoke.'],
  ])('%s', (_case, need, hint) => {
    const merge = () => mergePipeline(derived, pipeline([step('smoke', { needs: [need] })]))

    expect(merge).toThrow(expect.objectContaining({ code: 'PIPELINE_NEED', hint }))
  })
})
