import { isBuildNumber } from '../config/component-version.ts'
import type { Counted } from './counted.ts'

/** The build number in a tag of this project, as `release.tag` writes tags; undefined for any other tag. */
export function buildOfTag(
  name: string,
  { config, upstream }: Pick<Counted, 'config' | 'upstream'>,
): number | undefined {
  const { declared, build } = config.version
  const [before, after, ...more] = config.release.tag.split(`${declared}-${build}`)
  // A tag without the version, or with it twice, does not count builds; the repositories do.
  if (before === undefined || after === undefined || more.length > 0) return undefined
  const [start, end] = [`${before}${upstream}-`, after]
  if (!name.startsWith(start) || !name.endsWith(end)) return undefined
  const digits = name.slice(start.length, name.length - end.length)
  return isBuildNumber(digits) ? Number(digits) : undefined
}
