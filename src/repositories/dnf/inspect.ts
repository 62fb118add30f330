import { UserError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { PathTable } from '../path-table.ts'
import type { ReadOptions, RepositoryEntry, RepositoryFinding } from '../repository-format.ts'
import type { ListedPackage } from './listed-package.ts'
import { openDnfIndex } from './open-index.ts'
import type { DnfEntry } from './read-entry.ts'
import { checkMetadata } from './read-index.ts'
import { repomdPath } from './repomd.ts'
import { keyPath, signaturePath, stagedPath, staleSignature } from './signature.ts'

/** What clients read beside the packages: signature, metadata files, and the three indexes against each other. */
export async function inspectRepository(
  storage: Storage,
  entry: RepositoryEntry<DnfEntry>,
  options: ReadOptions,
): Promise<readonly RepositoryFinding[]> {
  const stale = await staleSignature(storage, entry.own.bytes, { signers: [], ...options })
  const broken = await brokenRecords(storage, entry, options)
  return [
    ...stale.map(({ path }) => ({ code: 'DNF_SIGNATURE_STALE', path, message: staleMessage })),
    ...broken,
    // An index that cannot be read says nothing about packages.
    ...(broken.length === 0 ? await packageFindings(storage, entry, options) : []),
  ]
}

const staleMessage = `The signature belongs to an older ${repomdPath}: a publish was interrupted. Publish again to repair it.`

async function brokenRecords(
  storage: Storage,
  { own }: RepositoryEntry<DnfEntry>,
  { signal }: ReadOptions,
): Promise<RepositoryFinding[]> {
  const findings: RepositoryFinding[] = []
  for (const record of own.repomd.records) {
    if (record.isElsewhere) continue
    try {
      await checkMetadata(storage, record, signal)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      findings.push({ code: error.code, path: record.path, message: error.message })
    }
  }
  return findings
}

const marks = { filelists: 1, other: 2 } as const

async function packageFindings(
  storage: Storage,
  entry: RepositoryEntry<DnfEntry>,
  options: ReadOptions,
): Promise<RepositoryFinding[]> {
  const listed = new PathTable()
  for (const kind of ['filelists', 'other'] as const) {
    if (entry.own.records[kind] === undefined) continue
    const { fragments } = await openDnfIndex(storage, entry, kind, 'gzip', options)
    for await (const { packageId } of fragments) listed.mark(listed.add(packageId, 0).row, marks[kind])
  }
  const findings: RepositoryFinding[] = []
  const identities = new PathTable()
  const primary = await openDnfIndex(storage, entry, 'primary', 'gzip', options)
  for await (const { entry: found } of primary.fragments) {
    if (found === undefined) continue
    findings.push(...incompleteLists(found, listed), ...ambiguous(found, identities))
  }
  return findings
}

function incompleteLists(
  { packageId, path, name, version }: ListedPackage,
  listed: PathTable,
): RepositoryFinding[] {
  const row = listed.find(packageId)
  return (['filelists', 'other'] as const)
    .filter((kind) => row === undefined || !listed.isMarked(row, marks[kind]))
    .map((kind) => {
      const message = `"${name}" ${version} is in the primary index, but not in "${kind}".`
      return { code: 'DNF_LIST_INCOMPLETE', path, message }
    })
}

/** Two files under one (name, version, architecture): every client takes the one that it happens to see first. */
function ambiguous(
  { name, version, architecture, packageId, path }: ListedPackage,
  identities: PathTable,
): RepositoryFinding[] {
  const key = `${name}-${version}.${architecture}`
  // 48 bits of the checksum are as good as all of it here, and fit the table.
  const checksum = Number.parseInt(packageId.slice(0, 12), 16)
  const { row, isNew } = identities.add(key, checksum)
  if (isNew || identities.size(row) === checksum) return []
  return [{ code: 'DNF_PACKAGE_TWICE', path, message: `"${key}" is listed twice with different bytes.` }]
}

/** Metadata that we do not write (comps, updateinfo, modules of others), and the files of the signature. */
export function otherFiles({ own }: RepositoryEntry<DnfEntry>): readonly string[] {
  const records = own.repomd.records.filter(({ isElsewhere }) => !isElsewhere)
  return [...records.map(({ path }) => path), repomdPath, signaturePath, keyPath, stagedPath(own.bytes)]
}
