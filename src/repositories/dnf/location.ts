import { UserError } from '../../errors.ts'

/** Where package files go. `letter`: one folder per first letter, so that no folder grows without end. */
export type Layout = 'letter' | 'name' | 'flat'

export interface PackageName {
  readonly name: string
  readonly version: string
  readonly release: string
  readonly arch: string
}

/** The file name that rpm tools expect, whatever the file was called when it was added. */
export function packagePath(layout: Layout, pkg: PackageName): string {
  const file = `${pkg.name}-${pkg.version}-${pkg.release}.${pkg.arch}.rpm`
  if (!/^[A-Za-z0-9][A-Za-z0-9._+~^-]*$/.test(file)) {
    throw new UserError(
      'DNF_PACKAGE_NAME',
      `${JSON.stringify(file)} cannot be the name of a file in a repository.`,
      {
        hint: 'Name, version, release and architecture may hold letters, digits and . _ + ~ ^ -',
      },
    )
  }
  if (layout === 'flat') return `packages/${file}`
  const folder = layout === 'name' ? pkg.name : pkg.name.charAt(0).toLowerCase()
  return `packages/${folder}/${file}`
}

/**
 * A location as an index gives it, as a path in the storage. Undefined with an `xml:base`: the file is somewhere
 * else, and that is its owner's business.
 */
export function pathOfLocation(
  href: string,
  base: string | undefined,
  where: string,
): { readonly path: string; readonly isElsewhere: boolean } {
  if (base !== undefined && base !== '')
    return { path: `${base.replace(/\/+$/, '')}/${href}`, isElsewhere: true }
  const isURL = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(href)
  const parts = href.replace(/^(\.\/)+/, '').split('/')
  if (href === '' || isURL || href.includes('\\') || href.includes('\0') || parts.some(leadsAway)) {
    throw new UserError(
      'DNF_LOCATION_UNSAFE',
      `${where} names the file ${JSON.stringify(href)}, which is not inside the repository.`,
      {
        hint: 'Nobody should use such a repository: find out who wrote this index, and repair the entry there.',
      },
    )
  }
  return { path: parts.join('/'), isElsewhere: false }
}

const leadsAway = (part: string): boolean => part === '' || part === '.' || part === '..'
