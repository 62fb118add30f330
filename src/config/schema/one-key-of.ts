import type { z } from 'zod'
import type { Kind } from '../kinds.ts'
import { mapOf } from './text.ts'

/**
 * A map with exactly one provider's key, beside the keys that all of them have. "Exactly one" is a rule
 * (rules/one-provider.ts), because a union would answer a typing error with one complaint for each provider.
 */
export function oneKeyOf<Common extends z.ZodRawShape>(
  kinds: readonly Kind[],
  common: Common,
  required: readonly (keyof Common & string)[],
  describe: string,
) {
  const providers: Record<string, z.ZodOptional<z.ZodObject>> = {}
  for (const kind of kinds) {
    const examples = kind.example === undefined ? {} : { examples: [kind.example] }
    providers[kind.name] = kind.options.meta({ description: kind.describe, ...examples }).optional()
  }
  // Providers are looked up by name (provider-in.ts); only the keys that all of them have are typed.
  const shape = { ...providers, ...common } as Common
  return mapOf(shape, required, {
    description: describe,
    oneOf: kinds.map((kind) => ({ required: [kind.name] })),
  })
}
