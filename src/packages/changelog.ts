import type { ChangelogEntry, PackageSpec } from './package-spec.ts'

/** The changelog; a package that declares none gets one entry, because Debian Policy 12.7 and rpmlint want one. */
export function changelogOf(spec: PackageSpec, version: string): readonly ChangelogEntry[] {
  if (spec.changelog.length > 0) return spec.changelog
  const changes = [`Release ${spec.version.declared}.`]
  return [{ version, author: spec.maintainer, date: spec.epoch, changes }]
}
