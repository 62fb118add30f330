import type { GateConfig, PipelineConfig, StepConfig } from '../config/config.ts'
import { UserError } from '../errors.ts'
import { closest } from '../lib/closest.ts'
import type { JsonObject } from '../lib/json.ts'
import type { PipelineNode } from '../pipeline/plan.ts'
import type { Skip } from '../pipeline/step.ts'

type Declared = StepConfig | GateConfig

/**
 * Adds the declared steps and gates to the derived ones; one with the same id takes the derived one's place. A need
 * may also name a kind of step, which means all steps of that kind.
 */
export function mergePipeline(
  derived: readonly PipelineNode[],
  { steps: written }: PipelineConfig,
  shared: (step: string) => JsonObject = () => ({}),
): readonly PipelineNode[] {
  const steps = written.map((one) =>
    one.kind === 'gate' ? one : { ...one, options: { ...shared(one.step), ...one.options } },
  )
  const declared = new Map(steps.map((step) => [step.id, step]))
  const kept = derived.map((node) => {
    const own = declared.get(node.id)
    return own === undefined ? node : nodeOf(own, node.needs)
  })
  const ids = new Set(derived.map(({ id }) => id))
  const added = steps.filter(({ id }) => !ids.has(id)).map((step) => nodeOf(step, []))
  const nodes = [...kept, ...added]
  const resolve = needResolver(nodes)
  return nodes.map((node) => {
    const behind = steps.filter(({ before }) => before.flatMap(resolve(`before`)).includes(node.id))
    const needs = [...node.needs.flatMap(resolve(node.id)), ...behind.map(({ id }) => id)]
    return { ...node, needs: [...new Set(needs)].filter((id) => id !== node.id) }
  })
}

/** A replaced step keeps the needs of the derived one unless it says its own. */
function nodeOf(declared: Declared, derivedNeeds: readonly string[]): PipelineNode {
  const { id, needs, limitMs, skipBecause } = declared
  const skip: Skip | undefined =
    skipBecause === undefined ? undefined : { reason: 'not selected', by: skipBecause }
  const common = {
    id,
    limitMs,
    needs: needs.length === 0 ? derivedNeeds : needs,
    ...(skip !== undefined && { skip }),
  }
  if (declared.kind === 'gate') return { ...common, gate: declared.gate }
  return { ...common, step: declared.step, options: declared.options, retry: declared.retry }
}

function needResolver(nodes: readonly PipelineNode[]) {
  const ids = new Set(nodes.map(({ id }) => id))
  return (who: string) =>
    (need: string): readonly string[] => {
      if (ids.has(need)) return [need]
      const ofKind = nodes.filter((node) => 'step' in node && node.step === need).map(({ id }) => id)
      if (ofKind.length > 0) return ofKind
      const similar = closest(need, [...ids])
      throw new UserError('PIPELINE_NEED', `The step "${who}" names "${need}", and there is no such step.`, {
        hint: similar === undefined ? `Steps: ${[...ids].join(', ')}.` : `Did you mean "${similar}"?`,
      })
    }
}
