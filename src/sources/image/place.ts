import { posix } from 'node:path'
import { UserError } from '../../errors.ts'
import { type Digest, isDigest } from '../../lib/digest.ts'
import { parseReference } from '../../oci/reference.ts'

/** Where an image is, and which one it is. */
export type Place = { readonly digest: Digest } & (
  | { readonly kind: 'registry'; readonly registry: string; readonly repository: string }
  /** `folder` is relative to the project. */
  | { readonly kind: 'layout'; readonly folder: string }
)

const layoutPrefix = 'oci:'

/** `NAME@sha256:HEX` or `oci:FOLDER@sha256:HEX`. Its problems were reported before. */
export function parsePlace(text: string): Place {
  if (text.startsWith(layoutPrefix)) {
    const at = text.lastIndexOf('@')
    const digest = text.slice(at + 1)
    if (!isDigest(digest)) throw new Error(`"${text}" was not checked by its schema`)
    return { kind: 'layout', folder: text.slice(layoutPrefix.length, at), digest }
  }
  const { registry, repository, digest } = parseReference(text)
  if (digest === undefined) throw new Error(`"${text}" was not checked by its schema`)
  return { kind: 'registry', registry, repository, digest }
}

/** What is wrong with a place that a person wrote; undefined when nothing is. */
export function placeProblem(text: string): string | undefined {
  if (text.startsWith(layoutPrefix)) return layoutProblem(text.slice(layoutPrefix.length))
  try {
    const { tag, digest } = parseReference(text)
    if (digest !== undefined) return undefined
    return `${tag === undefined ? 'It names no image' : `The tag "${tag}" can move`}: ${pinHint}`
  } catch (error) {
    if (error instanceof UserError) return `${error.message} ${error.hint ?? ''}`.trim()
    throw error
  }
}

const pinHint =
  'write NAME@sha256:HEX. "skopeo inspect --format {{.Digest}} docker://NAME:TAG" prints the digest of a tag.'

function layoutProblem(text: string): string | undefined {
  const at = text.lastIndexOf('@')
  if (at < 0 || !isDigest(text.slice(at + 1))) {
    return 'Write oci:FOLDER@sha256:HEX, with the digest that index.json of the folder names.'
  }
  const folder = text.slice(0, at)
  if (folder !== '' && !posix.isAbsolute(folder) && posix.normalize(folder).split('/')[0] !== '..')
    return undefined
  return 'The layout is outside of the project. Write its folder relative to hawser.yaml: oci:images/app@sha256:HEX.'
}
