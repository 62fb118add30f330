import { packReader } from './find-entries.ts'
import { type Generation, type GenerationRef, readGeneration } from './generation.ts'
import { hexKey } from './lookup/keys.ts'
import { LookupDamagedError, type LookupRecord } from './lookup/node.ts'
import { difference, find, type ReadRange } from './lookup/read-table.ts'
import type { RepositoryEntry, RepositoryFinding } from './repository-format.ts'
import type { VerifyRequest } from './verify.ts'

/**
 * What the last generation had and this one has not, although nobody removed it; and an entry that is older than what was
 * published. Empty for a repository without our records: there is nothing to compare with.
 */
export async function lostFindings(
  { storage, format, signal }: VerifyRequest,
  { generation: ref }: RepositoryEntry,
  latest: GenerationRef | undefined,
): Promise<readonly RepositoryFinding[]> {
  const { folder } = format
  if (ref === undefined) return []
  const findings: RepositoryFinding[] = []
  if (latest !== undefined && latest.sequence > ref.sequence) {
    const message = `The entry file is of generation ${ref.sequence}, but generation ${latest.sequence} was published.`
    findings.push({ code: 'REPOSITORY_REPLAY', path: '', message })
  }
  const current = await readGeneration(storage, folder, ref, signal)
  if (current?.previous == null || mayShrink(current)) return findings
  const previous = await readGeneration(storage, folder, current.previous, signal)
  if (previous === undefined) return findings
  const read = packReader(storage, folder, signal)
  try {
    findings.push(...(await lostPackages(previous, current, read)))
  } catch (error) {
    if (!(error instanceof LookupDamagedError)) throw error
    findings.push({ code: error.code, path: '', message: error.message })
  }
  return findings
}

async function lostPackages(
  previous: Generation,
  current: Generation,
  read: ReadRange,
): Promise<readonly RepositoryFinding[]> {
  const findings: RepositoryFinding[] = []
  for await (const { side, record } of difference(previous.lookup, current.lookup, read)) {
    const { path, sha256 } = record
    if (side !== 'a' || path === '' || (await isListed(record, current, read))) continue
    const message = `${path} (sha256 ${sha256}) was listed in generation ${previous.sequence}, and is no more.`
    findings.push({ code: 'PACKAGE_LOST', path, message })
  }
  return findings
}

const mayShrink = ({ cause }: Generation): boolean => cause.kind === 'rollback' || cause.kind === 'remove'

/** A record also changes when more indexes list the package. */
async function isListed(
  { key, sha256 }: LookupRecord,
  { lookup }: Generation,
  read: ReadRange,
): Promise<boolean> {
  const found = (await find(lookup, [key], read)).get(hexKey(key)) ?? []
  return found.some((record) => record.sha256 === sha256)
}
