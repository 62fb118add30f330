/**
 * GitHub renames what is uploaded: `tool_1.0~rc1.deb` becomes `tool_1.0.rc1.deb`, by a rule that it does not publish. The name
 * as it was is kept in the label, which the page shows. Other labels, such as "Linux build", are no names.
 */
export function assetNameOf({
  name,
  label,
}: {
  readonly name: string
  readonly label?: string | null | undefined
}): string {
  return label && label !== name && skeleton(label) === skeleton(name) ? label : name
}

/** Undefined when the name stays as it is by any rule. */
export function labelFor(name: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) && !name.endsWith('.') ? undefined : name
}

/** What no renaming touches. */
const skeleton = (name: string): string =>
  name.replaceAll(/[^A-Za-z0-9_-]+/g, '.').replaceAll(/^\.+|\.+$/g, '')
