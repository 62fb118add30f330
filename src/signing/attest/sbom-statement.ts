import { predicateTypes, type Statement, type StatementSubject } from '../statement.ts'

/** A bill of materials as an attestation, which is how cosign attaches one; the predicate is the document itself. */
export function sbomStatement(
  form: 'cyclonedx' | 'spdx',
  subjects: readonly StatementSubject[],
  document: Uint8Array,
): Statement {
  return {
    subjects,
    predicateType: predicateTypes[form],
    predicate: JSON.parse(Buffer.from(document).toString()),
  }
}
