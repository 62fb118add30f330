import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { predicateTypes, readStatement, type Statement, type StatementSubject } from '../statement.ts'

/** What was tested, where, and by which tests; all of them passed. */
export interface PassedTests {
  readonly subjects: readonly StatementSubject[]
  readonly project: string
  readonly version: string
  readonly commit: string
  readonly environment: string
  readonly passed: readonly string[]
}

/** in-toto's predicate for test results, version 0.1 (spec/predicates/test-result.md of in-toto/attestation). */
export function passedTestsStatement({ subjects, passed, ...release }: PassedTests): Statement {
  const { project, version, commit, environment } = release
  const configuration = [
    { name: project, digest: { gitCommit: commit }, annotations: { version, environment } },
  ]
  const predicate = { result: 'PASSED', configuration, passedTests: passed }
  return { subjects, predicateType: predicateTypes.testResult, predicate }
}

const predicate = z.object({
  result: z.literal('PASSED'),
  passedTests: z.array(z.string()).min(1),
  configuration: z.array(
    z.object({ annotations: z.object({ version: z.string(), environment: z.string() }) }),
  ),
})

export interface ReadTests extends Pick<Statement, 'subjects'> {
  readonly passed: readonly string[]
}

/** Whose signature it has must be checked before it is believed. */
export function readPassedTests(payload: Uint8Array): ReadTests {
  const statement = readStatement(payload)
  const parsed = predicate.safeParse(statement.predicate)
  if (statement.predicateType !== predicateTypes.testResult || !parsed.success) {
    throw new UserError('TESTS_UNREADABLE', 'A record of tests does not say that tests passed.', {
      hint: 'A newer Hawser may have written it. Use that version, or a later one.',
      cause: parsed.error,
    })
  }
  return { subjects: statement.subjects, passed: parsed.data.passedTests }
}
