import type { Digest } from '../../lib/digest.ts'
import { hawserVersion } from '../../lib/hawser-version.ts'
import { parseReference } from '../../oci/reference.ts'
import type { StepContext } from '../../pipeline/step.ts'
import { type Resource, slsaProvenance } from '../../signing/attest/slsa.ts'
import type { Statement, StatementSubject } from '../../signing/statement.ts'
import { artifactsOf } from '../artifacts.ts'

/** What the parameters mean: docs/provenance.md. */
const buildType = 'urn:hawser:image:1'

export interface ImageOrigin {
  readonly image: string
  readonly packages: readonly string[]
  readonly bases: readonly string[]
}

/**
 * SLSA v1, of what Hawser itself knows of the run: nobody can write it into a step. Without times: the same release has
 * the same provenance, however often it is run.
 */
export function imageProvenance(
  subject: StatementSubject,
  { image, packages, bases }: ImageOrigin,
  context: StepContext,
): Statement {
  const { run, environment } = context
  return slsaProvenance({
    subjects: [subject],
    builderId: builderId(environment),
    builderVersion: { hawser: hawserVersion(), node: process.versions.node },
    buildType,
    externalParameters: { project: run.project, version: run.version, image },
    internalParameters: { epoch: run.epoch },
    resolvedDependencies: [
      { name: run.project, uri: sourceUri(run.project, environment), gitCommit: run.commit },
      ...bases.map(baseResource),
      ...artifactsOf(context, packages).map(({ name, digest }) => ({ name, digest })),
    ],
    invocationId: `${run.project}/${run.version}@${run.commit}`,
  })
}

/** A level is earned by who signs; a run on somebody's machine says that it is one. */
function builderId({
  GITHUB_ACTIONS,
  GITHUB_SERVER_URL,
  GITHUB_WORKFLOW_REF,
}: StepContext['environment']): string {
  const isWorkflow =
    GITHUB_ACTIONS === 'true' && GITHUB_SERVER_URL !== undefined && GITHUB_WORKFLOW_REF !== undefined
  return isWorkflow ? `${GITHUB_SERVER_URL}/${GITHUB_WORKFLOW_REF}` : 'urn:hawser:builder:local'
}

function sourceUri(project: string, environment: StepContext['environment']): string {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = environment
  if (server !== undefined && repository !== undefined) return `git+${server}/${repository}`
  return `urn:hawser:project:${encodeURIComponent(project)}`
}

function baseResource(reference: string): Resource {
  const { registry, repository, digest } = parseReference(reference)
  return {
    name: `${registry}/${repository}`,
    uri: `oci://${reference}`,
    ...(digest !== undefined && { digest: digest as Digest }),
  }
}
