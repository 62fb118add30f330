import type { Artifact } from '../artifacts/artifact.ts'
import { UserError } from '../errors.ts'
import type { Plan } from '../pipeline/plan.ts'
import type { Run } from '../pipeline/run.ts'
import { artifactsResult } from '../steps/artifacts.ts'
import { planBuild, planImages, type ReleaseRequest } from './prepare.ts'
import { runInMemory } from './run-in-memory.ts'
import type { RunObserver } from './run-release.ts'

export interface BuildRequest extends ReleaseRequest {
  readonly observer: RunObserver
}

/** Builds in memory: nothing outside the project is touched, so there is nothing to resume; the store is the memory. */
export async function buildArtifacts(
  request: BuildRequest,
): Promise<{ readonly run: Run; readonly artifacts: readonly Artifact[] }> {
  const { observer } = request
  return runBuild(await planBuild(request), request, observer)
}

/** Only the images, and what they are made of; into the project's dist/. */
export async function buildImagesOnly(request: ReleaseRequest): Promise<void> {
  const { run } = await runBuild(await planImages(request), request, {
    changed: () => undefined,
    log: () => undefined,
    notice: () => undefined,
  })
  const failed = Object.entries(run.nodes).find(([, { status }]) => status !== 'done')
  if (failed === undefined) return
  throw new UserError(
    'REBUILD_FAILED',
    `The step "${failed[0]}" did not end well when the images were built again.`,
    {
      hint: 'Check out the commit of the release and run "hawser build" to see why.',
    },
  )
}

async function runBuild(
  plan: Plan,
  request: ReleaseRequest,
  observer: RunObserver,
): Promise<{ readonly run: Run; readonly artifacts: readonly Artifact[] }> {
  const run = await runInMemory(plan, request, observer)
  return { run, artifacts: artifactsIn(run) }
}

function artifactsIn({ plan, nodes }: Run): readonly Artifact[] {
  return plan.nodes.flatMap(({ id }) => {
    const state = nodes[id]
    const parsed = artifactsResult.safeParse(state?.status === 'done' ? state.result : undefined)
    return parsed.success ? parsed.data.artifacts : []
  })
}
