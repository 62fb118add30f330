import type { InstallRelation } from './install-resolver.ts'

/**
 * A version that fulfils the relation, for something that stands in for the distribution's package. Both formats sort
 * `~` before the end and a further part behind it.
 */
export function fulfillingVersion({ operator, version }: InstallRelation): string | undefined {
  if (operator === undefined || version === undefined) return undefined
  if (operator === '<') return `${version}~`
  if (operator === '>') return `${version}.99999`
  return version
}

/** For people: `iptables >= 1.4.21`. */
export const relationText = ({ name, operator, version }: InstallRelation): string =>
  operator === undefined || version === undefined ? name : `${name} ${operator} ${version}`
