import type { PackageChanges } from '../../package-changes.ts'
import { rpmArchitecture } from '../architecture.ts'
import { type RpmVersion, rpmVersion } from '../version.ts'
import type { Original } from './original.ts'

export interface Identity extends RpmVersion {
  readonly name: string
  /** Rpm's word. */
  readonly architecture: string
}

/** The new name; the first one's version unless another is said. */
export function identityOf([first]: readonly Original[], changes: PackageChanges): Identity {
  if (first === undefined) throw new Error('A package is made of at least one')
  const { header } = first.rpm
  const own = {
    epoch: header.number('epoch') ?? 0,
    version: header.text('version') ?? '',
    release: header.text('release') ?? '',
  }
  return {
    name: changes.name,
    architecture: rpmArchitecture(changes.architecture),
    ...(changes.version === undefined ? own : rpmVersion(changes.version)),
  }
}
