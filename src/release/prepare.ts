import type { Config } from '../config/config.ts'
import type { Pipeline, Plan } from '../pipeline/plan.ts'
import type { RunIdentity } from '../pipeline/step.ts'
import { openForge } from '../steps/forge-choice.ts'
import { loadProjectConfig } from './load-project-config.ts'
import { releaseNotes } from './notes.ts'
import { contextOutside } from './open-declared.ts'
import { buildPipeline, imagePipeline, type ReleaseScope, releasePipeline } from './pipeline.ts'
import { type Checkout, type Project, readCheckout, refuseModified, runIdentity } from './project.ts'
import { checkReleaseVersion } from './release-version.ts'
import { completeScope, refuseUnusedWaiver } from './scope.ts'
import { makePlan, type StepLog } from './session.ts'

export interface ReleaseRequest {
  readonly project: Project
  readonly version: string
  readonly inputs: { readonly [name: string]: string }
  /** What the command says beside the version. */
  readonly scope?: ReleaseScope
  readonly signal: AbortSignal
  readonly log?: StepLog
}

/** A release as declared at this commit, before the world was looked at. */
export interface Declared {
  readonly config: Config
  readonly checkout: Checkout
  readonly run: RunIdentity
}

/** Reads the config for a version; all findings come at once, in one error. */
export async function declare({ project, version, inputs, signal }: ReleaseRequest): Promise<Declared> {
  checkReleaseVersion(version)
  const checkout = await readCheckout(project, signal)
  const { commit, epoch } = checkout
  const config = await loadProjectConfig(project, { version, commit, epoch, inputs })
  return { config, checkout, run: runIdentity(config.project, version, checkout) }
}

/** The plan of a release. A work tree that differs from its commit is refused: nobody could build it again. */
export async function planRelease(request: ReleaseRequest): Promise<Plan> {
  const declared = await declare(request)
  refuseModified(declared.checkout)
  const { project, signal, log } = request
  const outside = contextOutside({ project, signal, log: (text) => log?.('notes', text) })
  const forge = openForge(declared.config.forge, outside)
  const notes = await releaseNotes(declared.config, {
    root: project.root,
    forge,
    commit: declared.run.commit,
  })
  const scope = await completeScope(declared.config, request.scope ?? {}, project, signal)
  const plan = await planOf(declared, releasePipeline(declared.config, notes, scope), request)
  refuseUnusedWaiver(plan, scope)
  return plan
}

/** The plan that only builds artifacts; the work tree may be modified. */
export async function planBuild(request: ReleaseRequest): Promise<Plan> {
  const declared = await declare(request)
  return planOf(declared, buildPipeline(declared.config), request)
}

/** The plan that builds the images alone, with the packages and sources that they are made of. */
export async function planImages(request: ReleaseRequest): Promise<Plan> {
  const declared = await declare(request)
  return planOf(declared, imagePipeline(declared.config), request)
}

const planOf = (
  { config, run }: Declared,
  pipeline: Pipeline,
  { project, signal, log }: ReleaseRequest,
): Promise<Plan> => makePlan({ project, config, run, pipeline, signal, ...(log !== undefined && { log }) })
