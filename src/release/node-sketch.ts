import type { Config } from '../config/config.ts'
import { jsonObject } from '../lib/json-copy.ts'
import type { StepNode } from '../pipeline/plan.ts'
import { checkKey } from '../steps/check-key/check-key.ts'

/** A step of the derived pipeline, before the usual limit and retries are filled in. */
export type NodeSketch = Pick<StepNode, 'id' | 'step' | 'options' | 'needs'>

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
