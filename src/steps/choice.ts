import { z } from 'zod'
import type { JsonObject } from '../lib/json.ts'
import type { StepContext } from '../pipeline/step.ts'

/** A provider by name, and its options as written: what a plan stores instead of code. */
export interface Choice {
  readonly provider: string
  readonly options: JsonObject
}

export const choice: z.ZodType<Choice> = z.object({
  provider: z.string(),
  options: z.record(z.string(), z.json()),
})

/** What ports are made with; commands that run no pipeline have it too. */
export type PortContext = Omit<StepContext, 'run' | 'results'>

/** What a concept's list holds, as far as making the port goes; each provider alone knows its options. */
interface ListedProvider<Port, Context> {
  readonly name: string
  readonly options: z.ZodType
  // biome-ignore lint/suspicious/noExplicitAny: the list erases each provider's option type; `options` parses before
  create(options: any, context: Context): Port
}

/** Makes the port that was chosen. The options were checked with the config; parsing again completes them. */
export function createChosen<Port, Context>(
  providers: readonly ListedProvider<Port, Context>[],
  chosen: Choice,
  context: Context,
): Port {
  const provider = providers.find(({ name }) => name === chosen.provider)
  if (provider === undefined) {
    throw new Error(
      `No provider is called "${chosen.provider}", although the config was checked against the list`,
    )
  }
  return provider.create(provider.options.parse(chosen.options), context)
}
