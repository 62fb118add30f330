import { basename, posix } from 'node:path'
import picomatch from 'picomatch'
import { UserError } from '../errors.ts'
import type { FetchedSource, SourceFile } from '../sources/source.ts'
import type { Materials } from './materials.ts'

/** Where the files of a `from` are: in a source by name, or (without one) in the project. */
export interface Origin {
  readonly source: string | undefined
  readonly pattern: string
}

/** `SOURCE:PATTERN` when the part before the first colon is a known source; any other text is a project path. */
export function originOf(from: string, sourceNames: readonly string[]): Origin {
  const colon = from.indexOf(':')
  const name = from.slice(0, colon)
  if (colon > 0 && sourceNames.includes(name)) return { source: name, pattern: from.slice(colon + 1) }
  return { source: undefined, pattern: from }
}

/** A file, and where it is below the fixed part of the pattern. */
export interface MatchedFile {
  readonly below: string
  readonly file: SourceFile
}

/** Finds what a pattern means; undefined when the files are not at hand. Matching nothing is the reader's mistake. */
export async function matchFiles(
  from: string,
  materials: Materials,
): Promise<readonly MatchedFile[] | undefined> {
  const { source, pattern } = originOf(from, materials.sourceNames)
  if (source === undefined) {
    const found = await materials.project(pattern)
    // A source has matched the pattern already, and its paths are below the fixed part.
    return found?.files.map((file) => ({ below: file.path, file }))
  }
  const tree = await materials.source(source)
  return tree === undefined ? undefined : matching(from, pattern, tree)
}

function matching(from: string, pattern: string, { files }: FetchedSource): readonly MatchedFile[] {
  const wanted = posix.normalize(pattern).replace(/^\/|\/$/g, '')
  const { base } = picomatch.scan(wanted)
  const matches = picomatch(wanted, { dot: true })
  const found = files.flatMap((file): MatchedFile[] => {
    if (file.path === wanted) return [{ below: basename(file.path), file }]
    if (wanted === '.' || wanted === '') return [{ below: file.path, file }]
    if (file.path.startsWith(`${wanted}/`)) return [{ below: posix.relative(wanted, file.path), file }]
    return matches(file.path) ? [{ below: posix.relative(base, file.path), file }] : []
  })
  if (found.length > 0) return found
  throw new UserError('CONTENT_NOTHING_MATCHES', `Nothing matches "${from}".`, {
    hint: `The source has ${files.length === 1 ? 'one file' : `${files.length} files`}: ${some(files)}.`,
  })
}

function some(files: readonly SourceFile[]): string {
  const names = files.slice(0, 8).map(({ path }) => path)
  return names.join(', ') + (files.length > names.length ? ', …' : '')
}
