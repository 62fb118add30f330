import type { ScriptedWorkflow } from './workflow.ts'
import { runShape } from './workflow-shapes.ts'
import type { RunState, World } from './world.ts'
import { zip } from './zip.ts'

export interface NewRun {
  readonly workflow: ScriptedWorkflow
  readonly branch: string
  readonly commit: string
  readonly inputs: { readonly [name: string]: string }
  readonly actor: string
}

/** Queues a run; it begins when the answer has been given. */
export function startRun(world: World, { workflow, branch, commit, inputs, actor }: NewRun): RunState {
  const run: RunState = {
    ...world.lagging(),
    ...{ id: world.id(), number: world.runs.length + 1, workflow, branch, commit, actor, inputs },
    title: workflow.runName?.(inputs) ?? workflow.name,
    ...{ status: 'queued', conclusion: null, attempt: 1, log: '', artifacts: [] },
    ...{ createdAt: world.time(), startedAt: world.time(), updatedAt: world.time() },
    cancelled: new AbortController(),
  }
  world.runs.push(run)
  tell(world, run, 'requested')
  setImmediate(() => begin(world, run))
  return run
}

/** Once more, with the same inputs and under the same id. */
export function repeatRun(world: World, run: RunState): void {
  run.attempt += 1
  run.status = 'queued'
  run.conclusion = null
  run.startedAt = world.time()
  run.log = ''
  run.cancelled = new AbortController()
  setImmediate(() => begin(world, run))
}

export function cancelRun(world: World, run: RunState): void {
  run.cancelled.abort()
  end(world, run, 'cancelled')
}

function begin(world: World, run: RunState): void {
  if (run.status !== 'queued') return
  run.status = 'in_progress'
  tell(world, run, 'in_progress')
  const { attempt } = run
  const isCurrent = (): boolean => run.status === 'in_progress' && run.attempt === attempt
  play(world, run)
    .catch((error: unknown) => {
      run.log += `${error}\n`
      return 'failure' as const
    })
    .then((conclusion) => (isCurrent() ? end(world, run, conclusion) : undefined))
    .catch((error: unknown) => {
      throw error
    })
}

async function play(world: World, run: RunState): Promise<'success' | 'failure'> {
  return run.workflow.script({
    id: run.id,
    attempt: run.attempt,
    inputs: run.inputs,
    branch: run.branch,
    commit: run.commit,
    signal: run.cancelled.signal,
    log: (line) => {
      run.log += `${world.time()} ${line}\n`
    },
    artifact: (name, files) => {
      run.artifacts.push({ id: world.id(), name, bytes: zip(files), createdAt: world.time() })
    },
  })
}

function end(world: World, run: RunState, conclusion: RunState['conclusion']): void {
  run.status = 'completed'
  run.conclusion = conclusion
  run.updatedAt = world.time()
  tell(world, run, 'completed')
}

function tell(world: World, run: RunState, action: string): void {
  world.emit('workflow_run', { action, workflow_run: runShape(world, run) }, run.actor)
}
