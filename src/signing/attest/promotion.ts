import type { Digest } from '../../lib/digest.ts'
import { hexOf } from '../../lib/digest.ts'
import { predicateTypes, type Statement } from '../statement.ts'

export interface PromotedPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly digest: Digest
  /** Of the record of its tests; absent where they were waived. */
  readonly tests?: Digest | undefined
}

/** Who let packages go from one environment to the next, and on what grounds. */
export interface Promotion {
  readonly project: string
  readonly version: string
  readonly commit: string
  readonly from: Stage
  readonly to: Stage
  readonly packages: readonly PromotedPackage[]
  readonly approval?: Approval | undefined
  readonly waiver?: { readonly reason: string; readonly by: string } | undefined
}

export interface Stage {
  readonly environment: string
  readonly repository: string
}

export interface Approval {
  readonly question: string
  readonly by: string
  readonly reason: string
  /** ISO 8601. */
  readonly at?: string | undefined
}

/** The subjects are the packages; docs/environments.md describes the predicate. */
export function promotionStatement({ project, version, commit, packages, ...rest }: Promotion): Statement {
  const { from, to, approval, waiver } = rest
  return {
    subjects: packages.map(({ name, version: own, architecture, digest }) => ({
      name: `${name} ${own} ${architecture}`,
      digest,
    })),
    predicateType: predicateTypes.promotion,
    predicate: {
      release: { project, version, commit },
      from,
      to,
      tests: packages.flatMap(({ digest, tests }) =>
        tests === undefined ? [] : [{ package: hexOf(digest), record: hexOf(tests) }],
      ),
      ...(approval !== undefined && { approval }),
      ...(waiver !== undefined && { waiver }),
    },
  }
}
