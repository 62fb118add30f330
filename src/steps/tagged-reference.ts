import { UserError } from '../errors.ts'
import { parseReference, type Reference } from '../oci/reference.ts'

/** A reference with a tag and without a digest: what a build is expected to push. */
export function taggedReference(text: string, where: string): Reference & { readonly tag: string } {
  const reference = parseReference(text, `The image in ${where}`)
  const { tag, digest } = reference
  if (tag !== undefined && digest === undefined) return { ...reference, tag }
  const what = tag === undefined ? 'has no tag' : 'has a digest'
  throw new UserError('IMAGE_TAG', `The image "${text}" in ${where} ${what}.`, {
    hint: 'Write the repository and the tag that the build pushes, for example ghcr.io/team/app:${version}.',
  })
}
