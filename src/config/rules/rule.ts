import type { ReleaseVersion } from '../config.ts'
import type { Path, Problem } from '../finding.ts'
import type { ConfigKinds } from '../kinds.ts'
import type { WrittenConfig } from '../schema/config-schema.ts'
import { keysAt, type Written } from '../written.ts'

/** What rules look at. The file may still have mistakes; `config` is what is left without them. */
export interface RuleContext {
  readonly config: WrittenConfig
  /** The file as written, references replaced: names count even when what they name has a mistake. */
  readonly root: Written
  readonly kinds: ConfigKinds
  readonly version: ReleaseVersion
}

/** One property that concerns several places. Problems at places that were cut out are dropped by the caller. */
export type Rule = (context: RuleContext) => readonly Problem[]

/** The names that a section declares. */
export const namesIn = (
  context: RuleContext,
  section: 'keys' | 'sources' | 'packages' | 'repositories',
): readonly string[] => keysAt(context.root, [section])

export const problem = (path: Path, code: string, message: string, hint: string): Problem => ({
  path,
  code,
  message,
  hint,
})
