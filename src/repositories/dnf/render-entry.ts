import { Refusal } from '../../errors.ts'
import type { IndexState } from '../append/index-state.ts'
import type { IndexName, RenderContext, RenderedEntry, RepositoryEntry } from '../repository-format.ts'
import type { ExtraMetadata } from './extra-metadata.ts'
import { withGenerationTag, withoutGeneration } from './generation-tag.ts'
import { type IndexKind, indexKinds } from './index-shapes.ts'
import type { DnfEntry } from './read-entry.ts'
import { latestTimestamp, renderRecord, renderRepomd, repomdPath } from './repomd.ts'
import { signRepomd } from './signature.ts'
import { type RepositoryTags, withTags } from './tags.ts'

/** What hawser.yaml adds to the lists of packages. */
export interface RepositoryWords {
  readonly tags: RepositoryTags
  readonly extra: ExtraMetadata
}

export async function renderEntry(
  previous: RepositoryEntry<DnfEntry> | undefined,
  indexes: ReadonlyMap<IndexName, IndexState>,
  { signers, date, generation }: RenderContext,
  { tags, extra }: RepositoryWords,
): Promise<RenderedEntry> {
  refuseLostSignature(previous, signers.length > 0)
  const repomd = previous?.own.repomd
  // A repository never goes back in time: yum refuses metadata that is older than what it has.
  const timestamp = Math.max(Math.floor(date.getTime() / 1000), latestTimestamp(repomd))
  const records = indexKinds.map((kind) => recordOf(kind, indexes.get(kind), timestamp))
  const others = withoutGeneration(repomd?.others.filter(({ name }) => name !== 'contenthash') ?? [])
  const foreign = repomd?.records.filter(({ type }) => !isDerived(type) && !extra.replaces(type)) ?? []
  const text = renderRepomd({
    revision: String(timestamp),
    rootAttributes: repomd?.rootAttributes ?? {},
    others: withTags(others, withGenerationTag(tags, generation)),
    records: [...records, ...foreign.map(({ raw }) => raw), ...extra.records(timestamp)],
  })
  const body = Buffer.from(text, 'utf8')
  // Not the timestamp: that of a foreign repository may lie in the future, where gpg accepts no signature.
  const signature = await signRepomd(body, signers, date)
  return {
    ...signature,
    before: [...signature.before, ...extra.uploads],
    entry: { path: repomdPath, body, contentType: 'application/xml', caching: 'entry' },
  }
}

function refuseLostSignature(previous: RepositoryEntry | undefined, willBeSigned: boolean): void {
  if (previous === undefined || previous.signature.status === 'absent' || willBeSigned) return
  throw new Refusal(
    'DNF_SIGNATURE_LOST',
    'The repository is signed, and there is no key to sign its new state.',
    {
      hint: 'Give the repository its signing key. Clients with repo_gpgcheck=1 would refuse the unsigned state.',
    },
  )
}

// Made from the three indexes by createrepo_c, and stale with the first package that we add: clients would prefer the
// old databases to our lists. The same holds for zchunk copies, for filelists with sums, and for the hash over the old content.
const isDerived = (type: string): boolean =>
  /^(primary|filelists|other)_(db|zck)$/.test(type) ||
  /^filelists-ext(_db|_zck)?$/.test(type) ||
  indexKinds.some((kind) => kind === type)

function recordOf(kind: IndexKind, state: IndexState | undefined, timestamp: number): string {
  const form = state?.forms.gzip ?? state?.forms.zstd
  if (state === undefined || form === undefined) throw new Error(`A repository without "${kind}"`)
  return renderRecord({
    type: kind,
    checksum: { type: 'sha256', value: form.digests.sha256 ?? '' },
    openChecksum: { type: 'sha256', value: state.plain.digests.sha256 ?? '' },
    path: form.path,
    timestamp,
    sizeBytes: form.sizeBytes,
    openSizeBytes: state.plain.sizeBytes,
  })
}
