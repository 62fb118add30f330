import { UserError } from '../../errors.ts'
import type { Digest } from '../../lib/digest.ts'
import { hexOf } from '../../lib/digest.ts'
import type { Json, JsonObject } from '../../lib/json.ts'
import { predicateTypes, type Statement, type StatementSubject } from '../statement.ts'

/** Something that went into a build, or came out beside its subjects (SLSA v1, ResourceDescriptor). */
export interface Resource {
  readonly name?: string
  /** Such as "git+https://example.org/app.git@refs/tags/v1.0.0" or "pkg:deb/debian/curl@8.1". */
  readonly uri?: string
  /** SHA-256 of it. */
  readonly digest?: Digest
  /** The full commit, for a source in git. */
  readonly gitCommit?: string
  readonly downloadLocation?: string
  readonly mediaType?: string
  readonly annotations?: JsonObject
}

export interface Provenance {
  readonly subjects: readonly StatementSubject[]
  /** Who ran the build, as a URI. A level is earned by who signs: a run on a laptop must say so here. */
  readonly builderId: string
  /** Versions of what did the work, such as `{hawser: "0.1.0"}`. */
  readonly builderVersion?: { readonly [tool: string]: string }
  /** URI of the document that says what the parameters mean. */
  readonly buildType: string
  /** What people chose, complete: with it, and the dependencies, the build can be repeated. */
  readonly externalParameters: JsonObject
  readonly internalParameters?: JsonObject
  readonly resolvedDependencies?: readonly Resource[]
  /** Of this run; unique per run, the same in every attempt of it. */
  readonly invocationId?: string
  readonly startedOn?: Date
  readonly finishedOn?: Date
  readonly byproducts?: readonly Resource[]
}

/** SLSA Provenance v1 (https://slsa.dev/spec/v1.1/provenance); members in the order of the specification. */
export function slsaProvenance(provenance: Provenance): Statement {
  const { subjects, builderId, builderVersion, buildType, externalParameters, internalParameters } =
    provenance
  if (subjects.length === 0) throw invalid('has no subject')
  requireUri('builderId', builderId)
  requireUri('buildType', buildType)
  const buildDefinition = {
    buildType,
    externalParameters,
    ...(internalParameters !== undefined && { internalParameters }),
    ...resources('resolvedDependencies', provenance.resolvedDependencies),
  }
  const runDetails = {
    builder: { id: builderId, ...(builderVersion !== undefined && { version: builderVersion }) },
    ...metadataOf(provenance),
    ...resources('byproducts', provenance.byproducts),
  }
  return {
    subjects,
    predicateType: predicateTypes.slsaProvenance,
    predicate: { buildDefinition, runDetails },
  }
}

function metadataOf({ invocationId, startedOn, finishedOn }: Provenance): object {
  const metadata = {
    ...(invocationId !== undefined && { invocationId }),
    ...(startedOn !== undefined && { startedOn: timestamp(startedOn) }),
    ...(finishedOn !== undefined && { finishedOn: timestamp(finishedOn) }),
  }
  if (startedOn !== undefined && finishedOn !== undefined && finishedOn < startedOn) {
    throw invalid(`ends (${timestamp(finishedOn)}) before it begins (${timestamp(startedOn)})`)
  }
  return Object.keys(metadata).length === 0 ? {} : { metadata }
}

function resources(name: string, list: readonly Resource[] | undefined): object {
  if (list === undefined || list.length === 0) return {}
  return { [name]: list.map((resource, index) => descriptor(resource, `${name}[${index}]`)) }
}

function descriptor(resource: Resource, where: string): { readonly [key: string]: Json } {
  const { name, uri, digest, gitCommit, downloadLocation, mediaType, annotations } = resource
  // in-toto, ResourceDescriptor: one of uri, digest and content is required.
  if (uri === undefined && digest === undefined) throw invalid(`has neither URI nor digest in "${where}"`)
  if (uri !== undefined) requireUri(`${where}.uri`, uri)
  const digests = {
    ...(digest !== undefined && { sha256: hexOf(digest) }),
    ...(gitCommit !== undefined && { gitCommit }),
  }
  return {
    ...(uri !== undefined && { uri }),
    ...(Object.keys(digests).length > 0 && { digest: digests }),
    ...(name !== undefined && { name }),
    ...(downloadLocation !== undefined && { downloadLocation }),
    ...(mediaType !== undefined && { mediaType }),
    ...(annotations !== undefined && { annotations }),
  }
}

/** RFC 3339 in UTC, whole seconds. */
const timestamp = (date: Date): string => date.toISOString().replace(/\.\d{3}Z$/, 'Z')

function requireUri(where: string, text: string): void {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:[^\s]+$/.test(text)) return
  throw invalid(`has "${text}" as "${where}", which is no URI`)
}

function invalid(what: string): UserError {
  return new UserError('PROVENANCE', `The provenance ${what}.`, {
    hint: 'SLSA provenance v1 wants URIs for builder and build type, and a digest or URI for each thing it names.',
  })
}
