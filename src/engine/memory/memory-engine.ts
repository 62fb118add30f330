import type { Engine, ReleaseKey, StepExecutor } from '../../pipeline/engine.ts'
import { executeWithinLimit } from '../../pipeline/execution-limit.ts'
import { pause } from '../../pipeline/pause.ts'
import { releaseName, releaseOf, runUnknown } from '../../pipeline/release-key.ts'
import type { Run } from '../../pipeline/run.ts'
import type { RunCommand, RunEvent, Transition } from '../../pipeline/run-event.ts'
import { startBeside } from '../../pipeline/starting.ts'
import { stepTask } from '../../pipeline/step-task.ts'
import { advance, takeOver } from '../../pipeline/transitions.ts'
import { changesOf, type Watcher } from './changes.ts'

export interface MemoryEngineOptions {
  readonly execute: StepExecutor
  readonly now?: () => Date
  readonly delay?: (afterMs: number, signal: AbortSignal) => Promise<void>
  /** Runs of an engine that is gone; those that have not ended go on. */
  readonly runs?: readonly Run[]
}

export interface MemoryEngine extends Engine {
  /** Everything that the engine knows, oldest first: what another one goes on from. */
  records(): readonly Run[]
}

/** Runs live as long as the process. Waiting does not survive it; convergence does. */
export function memoryEngine(options: MemoryEngineOptions): MemoryEngine {
  const runs: Run[] = [...(options.runs ?? [])]
  const watchers = new Set<Watcher>()
  const executions = new Map<string, AbortController>()
  const working = new Set<Promise<void>>()
  const closed = new AbortController()
  const now = options.now ?? (() => new Date())
  const delay = options.delay ?? pause

  const newest = (key: ReleaseKey): Run | undefined =>
    runs.findLast((run) => releaseName(releaseOf(run.plan)) === releaseName(key))

  function store(before: Run | undefined, { run, commands }: Transition): Run {
    if (run === before) return run
    const index = runs.findIndex(({ id }) => id === run.id)
    if (index === -1) runs.push(run)
    else runs[index] = run
    for (const watcher of watchers) watcher.changed(run)
    for (const command of commands) track(obey(run, command))
    return run
  }

  function track(work: Promise<void>): void {
    const done = work.finally(() => working.delete(done))
    working.add(done)
  }

  function happen(runId: string, event: RunEvent): void {
    const run = runs.find(({ id }) => id === runId)
    if (run !== undefined && !closed.signal.aborted) store(run, advance(run, event, now()))
  }

  async function obey(run: Run, command: RunCommand): Promise<void> {
    if (command.type === 'execute') await execute(run, command.node, command.turn)
    else if (command.type === 'abort') abort(run, command)
    else await wake(run, command)
  }

  async function wake(run: Run, { event, afterMs }: RunCommand & { type: 'wake' }): Promise<void> {
    try {
      await delay(afterMs, closed.signal)
    } catch (error) {
      if (closed.signal.aborted) return
      throw error
    }
    happen(run.id, event)
  }

  async function execute(run: Run, node: string, turn: number): Promise<void> {
    const control = new AbortController()
    const name = `${run.id} ${node} ${turn}`
    executions.set(name, control)
    const signal = AbortSignal.any([control.signal, closed.signal])
    const outcome = await executeWithinLimit(options.execute, stepTask(run, node), signal)
    executions.delete(name)
    if (outcome === undefined) happen(run.id, { type: 'stopped', node, turn })
    else happen(run.id, { type: 'settled', node, turn, outcome })
  }

  function abort(run: Run, { node, turn }: RunCommand & { type: 'abort' }): void {
    executions.get(`${run.id} ${node} ${turn}`)?.abort(new Error(`The engine stopped "${node}"`))
  }

  for (const run of [...runs]) {
    if (run.endedAt !== undefined) continue
    const { run: next, commands } = takeOver(run, now())
    store(undefined, { run: next, commands })
  }

  return {
    records: () => [...runs],
    start: async (plan) => {
      const before = newest(releaseOf(plan))
      return store(before, startBeside(before, plan, now()))
    },
    signal: async (key, gate, decision) => {
      const before = newest(key)
      if (before === undefined) throw runUnknown(key)
      return store(before, advance(before, { type: 'signal', gate, decision }, now()))
    },
    cancel: async (key, reason) => {
      const before = newest(key)
      if (before === undefined) throw runUnknown(key)
      return store(before, advance(before, { type: 'cancel', reason }, now()))
    },
    get: async (key) => newest(key),
    list: async () => runs.toReversed(),
    watch: (key, signal) =>
      changesOf(() => newest(key), key, watchers, AbortSignal.any([signal, closed.signal])),
    close: async () => {
      closed.abort(new Error('The engine is closed'))
      await Promise.all(working)
    },
  }
}
