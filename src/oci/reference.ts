import { UserError } from '../errors.ts'
import { type Digest, isDigest } from '../lib/digest.ts'

/** The parts of an image reference, e.g. `ghcr.io/org/app:1.0@sha256:…`. */
export interface Reference {
  /** Host with port, as written; Docker Hub's short names are `docker.io`. */
  readonly registry: string
  /** Distribution specification, "name": lower-case path components. */
  readonly repository: string
  readonly tag?: string
  readonly digest?: Digest
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`)
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
const hostPattern =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/

/** Throws a UserError that says which part is wrong. `where` names the field it was written in. */
export function parseReference(text: string, where = 'The image reference'): Reference {
  const fail = (problem: string, hint: string): never => {
    throw new UserError('OCI_REFERENCE', `${where} "${text}" ${problem}.`, { hint })
  }
  if (text === '') throw new UserError('OCI_REFERENCE', `${where} is empty.`, { hint: nameHint })
  const at = text.indexOf('@')
  if (at >= 0 && at < text.indexOf('/')) {
    // Not quoted: what is before the "@" may be a password.
    throw new UserError('OCI_REFERENCE', `${where} has an account in it, before the "@".`, {
      hint: 'Write the reference without it. Credentials come from "docker login" or from "registries" in hawser.yaml.',
    })
  }
  const name = at < 0 ? text : text.slice(0, at)
  const digest = at < 0 ? undefined : text.slice(at + 1)
  if (digest !== undefined && !isDigest(digest)) {
    fail('has a digest that is not "sha256:" and 64 hex digits', 'Copy the whole digest.')
  }
  const colon = name.lastIndexOf(':')
  const hasTag = colon > name.lastIndexOf('/')
  const tag = hasTag ? name.slice(colon + 1) : undefined
  if (tag !== undefined && !tagPattern.test(tag)) {
    fail(
      `has the tag "${tag}", which no registry takes`,
      'A tag is at most 128 letters, digits, dots, dashes and underscores, and does not begin with a dot or a dash.',
    )
  }
  const { registry, repository } = splitName(hasTag ? name.slice(0, colon) : name)
  if (!hostPattern.test(registry)) {
    fail(
      `has the registry "${registry}", which is no host`,
      'Write the host without "https://", and its port if it has one.',
    )
  }
  if (!isRepositoryPath(repository)) {
    fail(
      repository === ''
        ? 'names no repository'
        : `has the repository "${repository}", which no registry takes`,
      nameHint,
    )
  }
  return {
    registry,
    repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest: digest as Digest }),
  }
}

const nameHint =
  'A repository is a path of lower-case letters and digits, with ".", "_" or "-" between them, such as "team/app".'

/** Docker's rule: the first part is a host when it has a dot or a port, or is "localhost". */
function splitName(name: string): { readonly registry: string; readonly repository: string } {
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  const isHost = /[.:[]/.test(first) || first === 'localhost'
  if (isHost) return { registry: first, repository: name.slice(slash + 1) }
  return { registry: 'docker.io', repository: slash < 0 ? `library/${name}` : name }
}

export const isRepositoryPath = (text: string): boolean => text.length <= 255 && repositoryPattern.test(text)
export const isTag = (text: string): boolean => tagPattern.test(text)

export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}
