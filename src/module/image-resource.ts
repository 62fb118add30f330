import { createHash } from 'node:crypto'
import { UserError } from '../errors.ts'
import { hexOf } from '../lib/digest.ts'
import { parseReference, type Reference } from '../oci/reference.ts'
import { type ComponentResource, isComponentVersion } from './component-descriptor.ts'
import { thirdPartyImageLabel } from './scan-config.ts'

export interface ImageResourceKind {
  readonly type: 'ociImage' | 'ociArtifact'
  readonly accessType: 'ociRegistry' | 'ociArtifact'
  readonly isLabelled: boolean
}

/** Names that say nothing: what they mean changes after the release. */
const movingTags: ReadonlySet<string> = new Set(['latest', 'main'])

/** Each image once, as resources of a component. `where` names the field that the images were written in. */
export function imageResources(
  images: readonly string[],
  kind: ImageResourceKind,
  where: string,
): readonly ComponentResource[] {
  const seen = new Set<string>()
  return [...new Set(images)].map((image) => {
    const reference = pinnedReference(image, where)
    const { name, version } = identityOf(reference)
    const own = uniqueName(name, version, image, seen)
    return {
      name: own,
      version,
      type: kind.type,
      relation: 'external',
      ...(kind.isLabelled && { labels: [thirdPartyImageLabel] }),
      access: { type: kind.accessType, imageReference: image },
    }
  })
}

/** A reference that means the same image tomorrow, at least by intent. */
export function pinnedReference(image: string, where: string): Reference {
  const reference = parseReference(image, where)
  if (reference.digest !== undefined) return reference
  if (reference.tag === undefined) {
    throw new UserError('MODULE_IMAGE', `${where} "${image}" has neither a tag nor a digest.`, {
      hint: 'Write which version of the image the module needs.',
    })
  }
  if (movingTags.has(reference.tag)) {
    throw new UserError('MODULE_IMAGE', `${where} "${image}" has the tag "${reference.tag}", which moves.`, {
      hint: 'Write the tag of a release, or a digest.',
    })
  }
  return reference
}

/** As modulectl names them: by the last part of the repository and the tag; by the digest where there is one. */
function identityOf({ repository, tag, digest }: Reference): {
  readonly name: string
  readonly version: string
} {
  const last = repository.slice(repository.lastIndexOf('/') + 1)
  // Resources have no dots in their names, and at least two letters.
  const base = (last.length < 2 ? `image-${last}` : last).replaceAll('.', '-')
  const tagged = tag === undefined ? '0.0.0' : versionOfTag(tag)
  if (digest === undefined) return { name: base, version: tagged }
  const hex = hexOf(digest)
  return { name: `${base}-${hex.slice(0, 8)}`, version: `${tagged.split('+')[0]}+sha256.${hex.slice(0, 12)}` }
}

/** Tags that are no versions become the name of a prerelease of nothing. */
const versionOfTag = (tag: string): string =>
  isComponentVersion(tag) ? tag : `0.0.0-${tag.replaceAll(/[^0-9A-Za-z-]/g, '-')}`

function uniqueName(name: string, version: string, image: string, seen: Set<string>): string {
  const isNew = !seen.has(`${name} ${version}`)
  // The same name and version from another registry; OCM needs another identity.
  const own = isNew ? name : `${name}-${createHash('sha256').update(image).digest('hex').slice(0, 8)}`
  seen.add(`${own} ${version}`)
  return own
}
