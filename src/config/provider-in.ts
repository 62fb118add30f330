/** The provider whose key is in a map that `oneKeyOf` describes; undefined when there is none. */
export function providerIn<One extends { readonly name: string }>(
  written: object,
  kinds: readonly One[],
): One | undefined {
  return kinds.find(({ name }) => Object.hasOwn(written, name))
}

/** The options below the provider's key. */
export const optionsIn = (written: object, { name }: { readonly name: string }): unknown =>
  Object.entries(written).find(([key]) => key === name)?.[1]
