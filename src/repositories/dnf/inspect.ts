import { UserError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type { ReadOptions, RepositoryFinding, RepositoryState } from '../repository-format.ts'
import type { DnfIndex } from './package-index.ts'
import { fetchMetadata } from './read-index.ts'
import { type Repomd, repomdPath } from './repomd.ts'
import { staleSignature } from './signature.ts'

/** What clients read beside the package lists, which `read` has checked already. */
export async function inspectRepository(
  storage: Storage,
  { index }: RepositoryState<DnfIndex>,
  { verifier, signal }: ReadOptions,
): Promise<readonly RepositoryFinding[]> {
  const { repomd, repomdBytes } = index
  if (repomd === undefined) return []
  const stale = await staleSignature(storage, repomdBytes, { signers: [], verifier, signal })
  return [
    ...stale.map(({ path }) => ({ code: 'DNF_SIGNATURE_STALE', path, message: staleMessage })),
    ...(await brokenRecords(storage, repomd, signal)),
    ...incompleteLists(index),
    ...ambiguousPackages(index),
  ]
}

const staleMessage = `The signature belongs to an older ${repomdPath}: a publish was interrupted. Publish again to repair it.`

async function brokenRecords(
  storage: Storage,
  repomd: Repomd,
  signal: AbortSignal | undefined,
): Promise<RepositoryFinding[]> {
  const findings: RepositoryFinding[] = []
  for (const record of repomd.records) {
    if (record.isElsewhere) continue
    try {
      await fetchMetadata(storage, record, signal)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      findings.push({ code: error.code, path: record.path, message: error.message })
    }
  }
  return findings
}

function incompleteLists({ lists, packages }: DnfIndex): RepositoryFinding[] {
  const findings: RepositoryFinding[] = []
  for (const kind of ['filelists', 'other'] as const) {
    const listed = new Set(lists[kind].fragments.map(({ packageId }) => packageId))
    for (const { packageId, path, name, version } of packages) {
      if (listed.has(packageId)) continue
      const message = `"${name}" ${version} is in the primary index, but not in "${kind}".`
      findings.push({ code: 'DNF_LIST_INCOMPLETE', path, message })
    }
  }
  return findings
}

/** Two files under one (name, version, architecture): every client takes the one that it happens to see first. */
function ambiguousPackages({ packages }: DnfIndex): RepositoryFinding[] {
  const first = new Map<string, string>()
  return packages.flatMap(({ name, version, architecture, sha256, path }) => {
    const key = `${name}-${version}.${architecture}`
    const other = first.get(key) ?? sha256
    first.set(key, other)
    if (other === sha256) return []
    return { code: 'DNF_PACKAGE_TWICE', path, message: `"${key}" is listed twice with different bytes.` }
  })
}
