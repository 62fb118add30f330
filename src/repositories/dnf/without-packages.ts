import type { Fragment, IndexName, Removal } from '../repository-format.ts'

/** A fragment of primary goes with its package, those of the other indexes with its checksum. */
export function withoutPackages(
  _index: IndexName,
  fragment: Fragment,
  { removed }: Removal,
): Fragment | undefined {
  const { entry } = fragment
  const isRemoved =
    entry === undefined
      ? removed.some(({ sha256 }) => sha256 === packageIdOf(fragment.bytes))
      : removed.some(({ path, sha256 }) => path === entry.path && sha256 === entry.sha256)
  return isRemoved ? undefined : fragment
}

/** Of the start tag, which is the beginning of the fragment; a comment may stand before it. */
function packageIdOf(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  return /<package\b[^>]*\bpkgid="([^"]*)"/.exec(text)?.[1]
}
