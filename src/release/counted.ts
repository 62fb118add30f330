import type { Config } from '../config/config.ts'
import type { PackageVersion } from '../packages/package-spec.ts'
import type { OutsideRun } from './open-declared.ts'

/** What is looked through for build numbers, and for which upstream version. */
export interface Counted extends OutsideRun {
  readonly config: Config
  readonly upstream: string
}

/** The version as packages without one of their own have it. */
export function versionOfBuild({ config, upstream }: Counted, build: number): PackageVersion {
  const { scheme, epoch } = config.version
  return { declared: upstream, build: String(build), scheme, epoch }
}
