import { z } from 'zod'
import type { AnyStep, Change, Probe, StepContext } from './step.ts'
import type { StepSubject } from './step-registry.ts'

/** A step kind for tests: its world is a map that the test holds. */
export function sampleKind(world: Map<string, string>, more: Partial<AnyStep> = {}): AnyStep {
  return {
    name: 'sample',
    describe: 'Writes one value.',
    options: z.strictObject({ key: z.string(), value: z.string() }),
    probe: async ({ key }): Promise<Probe<string>> => {
      const evidence = world.get(key)
      return evidence === undefined ? { state: 'absent' } : { state: 'present', evidence }
    },
    decide: ({ key, value }, probe: Probe): Change => {
      if (probe.state !== 'present') return { kind: 'create', summary: `write ${key}` }
      if (probe.evidence === value) return { kind: 'keep', summary: `${key} is there`, result: { value } }
      return { kind: 'replace', summary: `rewrite ${key}`, old: probe.evidence, new: value }
    },
    act: async (_change, { key, value }) => {
      world.set(key, value)
      return { value }
    },
    ...more,
  }
}

export function sampleContext(
  { run, results }: Pick<StepSubject, 'run' | 'results'>,
  signal: AbortSignal,
): StepContext {
  return {
    run,
    root: '/project',
    results,
    signal,
    log: () => undefined,
    maskSecret: () => undefined,
    environment: {},
    now: () => new Date(0),
  }
}
