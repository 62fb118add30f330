import { UserError } from '../errors.ts'
import type { Digest } from '../lib/digest.ts'
import { mapLimited } from '../lib/limit.ts'
import type { RunIdentity } from '../pipeline/step.ts'
import type { OpenRepository } from '../repositories/open-state.ts'
import { readSignedRecord, signedRecordPath, writeSignedRecord } from '../repositories/signed-record.ts'
import { passedTestsStatement, readPassedTests } from '../signing/attest/test-result.ts'
import { statementBytes } from '../signing/statement.ts'

/** Proof that a package was tested where it is. */
export interface TestRecord {
  /** Of the record's file. */
  readonly digest: Digest
  /** Names of the tests. */
  readonly passed: readonly string[]
}

/** The records of packages (sha256 in hex), in their order; undefined for one that was not tested. */
export async function readTestRecords(
  repository: OpenRepository,
  packages: readonly string[],
  signal: AbortSignal,
): Promise<readonly (TestRecord | undefined)[]> {
  return mapLimited(packages, 8, (sha256) => readTestRecord(repository, sha256), signal)
}

async function readTestRecord(repository: OpenRepository, sha256: string): Promise<TestRecord | undefined> {
  const path = pathOf(repository, sha256)
  const record = await readSignedRecord(repository, path)
  if (record === undefined) return undefined
  const { subjects, passed } = readPassedTests(Buffer.from(record.text))
  // Under another package's name it proves nothing about this one.
  if (!subjects.some(({ digest }) => digest === `sha256:${sha256}`)) {
    throw new UserError('TESTS_OF_ANOTHER', `The record ${path} is about another package.`, {
      hint: 'Somebody moved it there. Delete it, and test the package again.',
    })
  }
  return { digest: `sha256:${record.sha256}`, passed }
}

export interface Tested {
  readonly environment: string
  /** Names of the tests that passed. */
  readonly passed: readonly string[]
  readonly run: RunIdentity
}

/** One record for each package, so that looking one up costs one read however many there are. */
export async function writeTestRecord(
  repository: OpenRepository,
  { name, sha256 }: { readonly name: string; readonly sha256: string },
  { environment, passed, run }: Tested,
): Promise<void> {
  const { project, version, commit, epoch } = run
  const subjects = [{ name, digest: `sha256:${sha256}` as const }]
  const statement = passedTestsStatement({ subjects, project, version, commit, environment, passed })
  const text = `${Buffer.from(statementBytes(statement)).toString()}\n`
  await writeSignedRecord(repository, pathOf(repository, sha256), text, new Date(epoch * 1000))
}

const pathOf = ({ format }: OpenRepository, sha256: string): string =>
  signedRecordPath(format.folder, 'tests', sha256)
