import { UserError } from '../../errors.ts'
import type { PackageEntry } from '../repository-format.ts'
import { pathOfLocation } from './location.ts'
import type { XmlElement } from './xml-elements.ts'

/** A `<package>` of the primary index. */
export interface ListedPackage extends PackageEntry {
  /** Checksum of the package, which ties the three indexes together. */
  readonly packageId: string
  /** The file is not in this repository (`xml:base`). */
  readonly isElsewhere: boolean
  readonly release: string
  readonly upstreamVersion: string
}

export function listedPackage(element: XmlElement, where: string): ListedPackage {
  const part = (name: string) => element.parts.get(name)
  const name = part('name')?.text.trim() ?? ''
  const architecture = part('arch')?.text.trim() ?? ''
  const place = `The package "${name}" in ${where}`
  const { epoch = '0', ver, rel } = part('version')?.attributes ?? {}
  const checksum = part('checksum')
  const { href, 'xml:base': base } = part('location')?.attributes ?? {}
  const packageId = checksum?.text.trim() ?? ''
  const sizeBytes = Number(part('size')?.attributes['package'] ?? Number.NaN)
  if (name === '' || architecture === '' || ver === undefined || rel === undefined) {
    throw incomplete(place, 'name, version or architecture')
  }
  if (!/^[0-9a-f]{32,128}$/i.test(packageId)) throw incomplete(place, 'checksum')
  if (href === undefined) throw incomplete(place, 'location')
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw incomplete(place, 'size')
  const location = pathOfLocation(href, base, place)
  return {
    name,
    version: evrText(epoch, ver, rel),
    architecture,
    ...location,
    sizeBytes,
    sha256: sha256Of(checksum?.attributes['type'] ?? '', packageId),
    listedIn: ['primary'],
    packageId,
    upstreamVersion: ver,
    release: rel,
  }
}

/** `epoch:version-release`; an epoch of 0 is left out, as dnf and rpm print it. */
export function evrText(epoch: string | number, version: string, release: string): string {
  return `${epoch === '' || Number(epoch) === 0 ? '' : `${epoch}:`}${version}-${release}`
}

/** Another algorithm than SHA-256 keeps its name, so that it can never be taken for a SHA-256. */
function sha256Of(type: string, value: string): string {
  return type === 'sha256' ? value.toLowerCase() : `${type}:${value.toLowerCase()}`
}

function incomplete(place: string, part: string): UserError {
  return new UserError('DNF_PACKAGE_INCOMPLETE', `${place} has no usable ${part}.`, {
    hint: 'Make the metadata again with the tool that wrote it, then publish again.',
  })
}
