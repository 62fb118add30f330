import type { ResolvedRepackage } from '../config/resolved-package.ts'
import type { RepackageDeclaration } from '../steps/repackage/declaration.ts'
import { patternText } from './package-declaration.ts'

/** The options of a step that makes a package of others; `undefined` members vanish in the plan's JSON. */
export function repackageDeclaration(resolved: ResolvedRepackage): unknown {
  const { format: _format, distribution: _distribution, sign: _sign, from, ...rest } = resolved
  return { ...rest, from: from.map(patternText) } satisfies { [key in keyof RepackageDeclaration]: unknown }
}

/** Names of the sources that the originals come from. */
export const originalSources = ({ from }: ResolvedRepackage): readonly string[] => [
  ...new Set(from.flatMap(({ source }) => (source === undefined ? [] : [source]))),
]
