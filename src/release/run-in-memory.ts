import { memoryEngine } from '../engine/memory/memory-engine.ts'
import type { Plan } from '../pipeline/plan.ts'
import type { Run } from '../pipeline/run.ts'
import type { Project } from './project.ts'
import { blockerOf, type RunObserver } from './run-release.ts'
import { executorFor } from './session.ts'

/** Runs a plan that needs no memory: repeated, it finds what is done already. */
export async function runInMemory(
  plan: Plan,
  { project, signal }: { readonly project: Project; readonly signal: AbortSignal },
  observer: RunObserver,
): Promise<Run> {
  const blocker = blockerOf(plan)
  if (blocker !== undefined) throw blocker
  const engine = memoryEngine({ execute: executorFor(project, observer.log) })
  try {
    let run = await engine.start(plan)
    const { project: name, version } = plan.run
    for await (const changed of engine.watch({ project: name, version }, signal)) {
      run = changed
      observer.changed(run)
    }
    return run
  } finally {
    await engine.close()
  }
}
