import { z } from 'zod'
import type { Provider } from '../provider.ts'

/** A provider and its options as plain data: what a plan stores instead of code. */
export const choice = z.object({ provider: z.string(), options: z.record(z.string(), z.json()) })
export type Choice = z.infer<typeof choice>

/** What a concept's list holds: a provider whose options only it knows. */
// biome-ignore lint/suspicious/noExplicitAny: a list erases each provider's own option type; `create` parses first
export type ListedProvider<Port, Context> = Provider<Port, any, Context>

/** Makes the port that was chosen. The options were checked with the config; parsing again applies their types. */
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
