import type { FormState, IndexState } from '../append/index-state.ts'
import type {
  IndexName,
  IndexShape,
  RenderContext,
  RenderedEntry,
  RepositoryEntry,
  Upload,
} from '../repository-format.ts'
import { signCleartext } from './clearsigned.ts'
import { type AptLayout, contentTypeOf, formName, isFormOf, pathIn } from './layout.ts'
import type { AptEntry } from './read-entry.ts'
import {
  type HashField,
  hashFieldNames,
  hashFields,
  type ListedFile,
  type Release,
  renderRelease,
} from './release.ts'
import { dateOf, releaseFields } from './release-fields.ts'

type Entry = RepositoryEntry<AptEntry>

/** SHA256 alone is enough for apt; what a repository lists besides goes on. */
const sectionsOf = (existing: Release | undefined): readonly HashField[] =>
  hashFieldNames.filter((name) => name === 'SHA256' || existing?.sections.includes(name))

/** gzip, which everything reads, what is wanted, and what the repository has among those that we write. */
export function shapeOf(layout: AptLayout, entry: Entry | undefined, index: IndexName): IndexShape {
  const there = entry?.indexes.get(index)?.forms
  const forms = (['gzip', 'xz', 'zstd'] as const).filter(
    (form) => form === 'gzip' || layout.compressions.includes(form) || there?.has(form) === true,
  )
  const algorithms = sectionsOf(entry?.own.release).map((section) => hashFields[section])
  return { header: new Uint8Array(0), footer: new Uint8Array(0), forms, algorithms }
}

/** The Release file as it is after a publish, signed: InRelease. */
export async function renderEntry(
  layout: AptLayout,
  previous: Entry | undefined,
  indexes: ReadonlyMap<IndexName, IndexState>,
  { signers, generation, date: wantedDate }: RenderContext,
): Promise<RenderedEntry> {
  const existing = previous?.own.release
  const date = dateOf(existing, wantedDate)
  const fingerprints = signers.map(({ fingerprint }) => fingerprint)
  const context = { existing, indexes: indexes.keys(), generation, date, fingerprints }
  const text = renderRelease({
    fields: releaseFields(layout, context),
    sections: sectionsOf(existing),
    files: filesOf(previous, indexes),
  })
  const signed = signers.length === 0 ? text : await signCleartext(signers, text, date)
  return { before: [], entry: usualUpload(layout.folder, 'InRelease', Buffer.from(signed)), after: [] }
}

/**
 * Foreign files, and exactly these indexes. The forms of an index that we cannot write (bz2, lzma) and its diffs are no
 * longer listed, since they would be of the old state. The plain text is listed although its file need not exist: apt
 * finds no packages without its digest, and says nothing about it.
 */
function filesOf(previous: Entry | undefined, indexes: ReadonlyMap<IndexName, IndexState>): Release['files'] {
  const files = new Map(previous?.own.release.files)
  const extended = new Set([...indexes.keys(), ...(previous?.indexes.keys() ?? [])])
  for (const path of files.keys()) {
    for (const index of extended) if (isFormOf(path, index)) files.delete(path)
  }
  for (const [index, { plain, forms }] of indexes) {
    files.set(index, listedAs(plain))
    for (const form of ['gzip', 'xz', 'zstd'] as const) {
      const body = forms[form]
      if (body !== undefined) files.set(formName(index, form), listedAs(body))
    }
  }
  return files
}

function listedAs({ sizeBytes, digests }: Pick<FormState, 'sizeBytes' | 'digests'>): ListedFile {
  const known = Object.entries(digests).filter(([, digest]) => digest !== undefined)
  return { sizeBytes, hashes: Object.fromEntries(known) }
}

/** A file under a name that is overwritten. */
export const usualUpload = (folder: string, path: string, body: Uint8Array): Upload => ({
  path: pathIn(folder, path),
  body,
  contentType: contentTypeOf(path),
  caching: 'entry',
})
