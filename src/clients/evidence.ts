/**
 * How a fact about a client is known: it was run with the real one (`run`), read in its source (`src`), reported in an issue
 * thread (`issue`), documented by its vendor (`doc`), or general knowledge that nobody checked here (`known`).
 */
export type Evidence = 'run' | 'src' | 'issue' | 'doc' | 'known'

export interface Fact<Value> {
  readonly value: Value
  readonly evidence: Evidence
}

const by =
  (evidence: Evidence) =>
  <const Value>(value: Value): Fact<Value> => ({ value, evidence })

export const run = by('run')
export const src = by('src')
export const issue = by('issue')
export const doc = by('doc')
export const known = by('known')
