import type { Config } from '../config/config.ts'
import { jsonObject } from '../lib/json-copy.ts'
import type { GateNode, StepNode } from '../pipeline/plan.ts'
import type { Skip } from '../pipeline/step.ts'
import { checkKey } from '../steps/check-key/check-key.ts'

/** A step of the derived pipeline, before the usual limit and retries are filled in. */
export type NodeSketch = Pick<StepNode, 'id' | 'step' | 'options' | 'needs' | 'skip'> &
  Partial<Pick<StepNode, 'limitMs'>>

/** A question for a person, before the usual limit is filled in. */
export type GateSketch = Pick<GateNode, 'id' | 'gate' | 'needs' | 'skip'>

/** What is left out, and why; undefined: nothing is. */
export const skipped = <Sketch extends NodeSketch | GateSketch>(
  nodes: readonly Sketch[],
  skip: Skip | undefined,
): readonly Sketch[] => (skip === undefined ? nodes : nodes.map((node) => ({ ...node, skip })))

export const keyId = (name: string): string => `key:${name}`

export function keyNodes({ keys, repositories }: Config): readonly NodeSketch[] {
  return Object.entries(keys).map(([name, key]) => ({
    id: keyId(name),
    step: checkKey.name,
    options: jsonObject({
      name,
      key,
      repositories: Object.values(repositories)
        .filter((repository) => repository.keys.includes(name))
        .map((repository) => ({ name: repository.name, format: repository.format })),
    }),
    needs: [],
  }))
}

export const idsOf = (nodes: readonly { readonly id: string }[]): readonly string[] =>
  nodes.map(({ id }) => id)
