import type { FilePattern } from '../config/config.ts'
import type { ResolvedContent, ResolvedPackage } from '../config/resolved-package.ts'
import type { ContentDeclaration, PackageDeclaration } from '../steps/build-package/declaration.ts'

/** The options of a build step for a package that config/ resolved; `undefined` members vanish in the plan's JSON. */
export function packageDeclaration(
  resolved: ResolvedPackage,
  keyring: PackageDeclaration['keyring'],
): unknown {
  const { format: _format, sign: _sign, contents, systemd, ...rest } = resolved
  return {
    ...rest,
    contents: contents.map(contentDeclaration),
    keyring,
    systemd: systemd.map(({ unit: _name, from, ...unit }) => ({ ...unit, unit: patternText(from) })),
  } satisfies { [key in keyof PackageDeclaration]: unknown }
}

export function contentDeclaration(content: ResolvedContent): ContentDeclaration {
  if (content.type === 'file') {
    const { from, mode, ...entry } = content
    return { ...entry, from: patternText(from), ...(mode !== undefined && { mode }) }
  }
  const { path, ...entry } = content
  return { ...entry, to: path }
}

/** As people write it: `SOURCE:PATTERN`, or a path in the project. */
export const patternText = ({ source, pattern }: FilePattern): string =>
  source === undefined ? pattern : `${source}:${pattern}`

export const sourcesInLayer = ({
  contents,
}: {
  readonly contents: readonly ResolvedContent[]
}): readonly string[] => [
  ...new Set(
    contents.flatMap((one) =>
      one.type === 'file' && one.from.source !== undefined ? [one.from.source] : [],
    ),
  ),
]

/** Names of the sources that a package's contents come from. */
export function sourcesOf({ contents, systemd }: ResolvedPackage): readonly string[] {
  const files = contents.flatMap((content) => (content.type === 'file' ? [content.from] : []))
  const patterns = [...files, ...systemd.map(({ from }) => from)]
  return [...new Set(patterns.flatMap(({ source }) => (source === undefined ? [] : [source])))]
}
