import { posix } from 'node:path'
import type { ArtifactStore } from '../../artifacts/store.ts'
import { UserError } from '../../errors.ts'
import type { ContentEntry } from '../../packages/package-spec.ts'
import { type MatchedFile, matchFiles } from '../file-pattern.ts'
import type { Materials } from '../materials.ts'
import type { ContentDeclaration } from './declaration.ts'

type FileDeclaration = Extract<ContentDeclaration, { readonly type: 'file' }>

/** Expands one declaration into entries; undefined when its files are not at hand. */
export async function entriesOf(
  declared: ContentDeclaration,
  materials: Materials,
): Promise<readonly ContentEntry[] | undefined> {
  if (declared.type !== 'file') {
    const { to, ...entry } = declared
    return [{ ...entry, path: normal(to) }]
  }
  const found = await matchFiles(declared.from, materials)
  if (found === undefined) return undefined
  const { to } = declared
  if (to.endsWith('/')) {
    return found.map((match) =>
      entryOf(declared, normal(posix.join(to, match.below)), match, materials.store),
    )
  }
  const [only, second] = found
  if (only === undefined || second !== undefined) throw severalMatch(declared, found)
  return [entryOf(declared, normal(to), only, materials.store)]
}

function entryOf(
  declared: FileDeclaration,
  path: string,
  { file }: MatchedFile,
  store: ArtifactStore,
): ContentEntry {
  const { owner, group, role } = declared
  if (file.target !== undefined) return { type: 'symlink', path, target: file.target, owner, group }
  return {
    type: 'file',
    path,
    source: store.path(file.digest),
    sizeBytes: file.sizeBytes,
    digest: file.digest,
    mode: declared.mode ?? ((file.mode & 0o111) === 0 ? 0o644 : 0o755),
    role,
    owner,
    group,
  }
}

/** Absolute, without a slash at the end; config/ has refused what is not absolute. */
const normal = (path: string): string => posix.normalize(path).replace(/(.)\/$/, '$1')

function severalMatch({ from, to }: FileDeclaration, found: readonly MatchedFile[]): UserError {
  const names = found.slice(0, 4).map(({ file }) => file.path)
  return new UserError(
    'CONTENT_SEVERAL_MATCH',
    `"${from}" matches ${found.length} files, and "${to}" is one file.`,
    { hint: `End the target in "/" to make it a folder, or name one of ${names.join(', ')}.` },
  )
}
