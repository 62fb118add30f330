import type { Fragment, IndexName, Removal } from '../repository-format.ts'
import { nameOfOwner, withoutOwners } from './contents-index.ts'
import { contentsIndexParts, ownContents, packagesIndexParts } from './layout.ts'

/** A paragraph goes with its package; a line of Contents loses the packages of which no version is left. */
export function withoutPackages(
  index: IndexName,
  fragment: Fragment,
  { removed, isNameKept }: Removal,
): Fragment | undefined {
  const { entry } = fragment
  if (entry !== undefined) {
    const isRemoved = removed.some(({ path, sha256 }) => path === entry.path && sha256 === entry.sha256)
    return isRemoved ? undefined : fragment
  }
  const gone = removed.filter(
    ({ name, listedIn = [] }) =>
      listedIn.some((listing) => describes(index, listing)) &&
      !listedIn.some((listing) => describes(index, listing) && isNameKept(name, listing)),
  )
  const names = new Set(gone.map(({ name }) => name))
  return names.size === 0 ? fragment : withoutOwners(fragment, (owner) => names.has(nameOfOwner(owner)))
}

/** Does this Contents index say where the files of packages in that Packages index are? */
function describes(contents: IndexName, packages: IndexName): boolean {
  const about = contentsIndexParts(contents)
  const listing = packagesIndexParts(packages)
  if (about === undefined || listing === undefined || about.architecture !== listing.architecture)
    return false
  return about.component === undefined || contents === ownContents(listing.component, listing.architecture)
}
