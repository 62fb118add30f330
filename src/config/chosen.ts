import type { Chosen } from './config.ts'
import { isJsonObject } from './json-object.ts'
import { optionsIn, providerIn } from './provider-in.ts'

/** The provider that a checked map names, with its options. */
export function chosenIn(written: object, kinds: readonly { readonly name: string }[]): Chosen {
  const kind = providerIn(written, kinds)
  if (kind === undefined) throw new Error('The rule "exactly one provider" has passed a map without one')
  const options = optionsIn(written, kind)
  if (!isJsonObject(options))
    throw new Error(`The options of "${kind.name}" are no JSON, although YAML has nothing else`)
  return { provider: kind.name, options }
}
