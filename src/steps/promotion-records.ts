import { digestOfJson, hexOf } from '../lib/digest.ts'
import type { RunIdentity } from '../pipeline/step.ts'
import type { OpenRepository } from '../repositories/open-state.ts'
import { readSignedRecord, signedRecordPath, writeSignedRecord } from '../repositories/signed-record.ts'
import { type Promotion, promotionStatement } from '../signing/attest/promotion.ts'
import { statementBytes } from '../signing/statement.ts'

/** One for each release and set of packages: a promotion that is repeated finds it. */
export function promotionRecordPath(
  { format }: OpenRepository,
  { project, version }: Pick<RunIdentity, 'project' | 'version'>,
  packages: readonly { readonly digest: string }[],
): string {
  const digests = packages.map(({ digest }) => digest).toSorted()
  return signedRecordPath(format.folder, 'promotions', hexOf(digestOfJson([project, version, digests])))
}

export async function hasPromotionRecord(repository: OpenRepository, path: string): Promise<boolean> {
  return (await readSignedRecord(repository, path)) !== undefined
}

export async function writePromotionRecord(
  repository: OpenRepository,
  path: string,
  promotion: Promotion,
  date: Date,
): Promise<void> {
  const text = `${Buffer.from(statementBytes(promotionStatement(promotion))).toString()}\n`
  await writeSignedRecord(repository, path, text, date)
}
