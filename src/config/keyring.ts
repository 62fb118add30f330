import type { ConfigKinds } from './kinds.ts'
import type { WrittenConfig } from './schema/config-schema.ts'
import type { WrittenPackage } from './schema/package-schema.ts'
import { repositoryViews } from './variants.ts'

/** Fills in what follows from a package being a keyring, so that the rest of the configuration sees a package like any other. */
export function withKeyringDefaults(written: WrittenConfig, kinds: ConfigKinds): WrittenConfig {
  if (written.packages === undefined) return written
  const packages = Object.entries(written.packages).map(([name, one]) => [
    name,
    completed(one, written, kinds),
  ])
  return { ...written, packages: Object.fromEntries(packages) }
}

function completed(one: WrittenPackage, written: WrittenConfig, kinds: ConfigKinds): WrittenPackage {
  if (one.keyring === undefined) return one
  const { repositories = [], sources = false } = one.keyring
  const needed = repositoryViews(written, kinds)
    .filter(({ name }) => repositories.includes(name))
    .map(({ packageFormat }) => packageFormat)
  const formats = kinds.packageFormats.filter((format) => needed.includes(format))
  const more = sources ? ', and the files that make a system use them' : ''
  return {
    architectures: ['all'],
    ...(formats.length > 0 && { formats }),
    summary: `Keys of the package repositories of ${written.project ?? 'this project'}`,
    description: `The public keys that the package repositories of ${written.project ?? 'this project'} are signed with${more}.`,
    ...one,
  }
}
