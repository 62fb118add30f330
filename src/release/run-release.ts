import { Refusal, TransientError, UserError } from '../errors.ts'
import type { Engine, ReleaseKey, StepExecutor } from '../pipeline/engine.ts'
import { ancestorsOf } from '../pipeline/order.ts'
import type { Plan, PlannedNode } from '../pipeline/plan.ts'
import { comparePlans, planDigest } from '../pipeline/plan-digest.ts'
import type { Run } from '../pipeline/run.ts'
import { engineFailure, isEngineDurable, openEngine } from './open-engine.ts'
import { type Project, readCheckout } from './project.ts'
import { reminders } from './reminders.ts'
import { abandonSteps, executorFor, type StepLog } from './session.ts'

export interface RunObserver {
  readonly log: StepLog
  /** Something unusual that was overcome, or that the reader should know. */
  notice(text: string): void
  changed(run: Run): void
}

export interface RunRequest {
  readonly project: Project
  readonly signal: AbortSignal
  readonly observer: RunObserver
  /** Stays while only people can go on, and reminds them. Without it the command lets go of the run then. */
  readonly waitsForPeople?: boolean
}

/** Everything planned is already true, so that there is nothing to run, and nobody has to be asked. */
export const isAlreadyTrue = ({ nodes }: Plan): boolean =>
  nodes.every((node) => isTrue(node) || isIdleGate(node, nodes))

const isTrue = ({ change }: PlannedNode): boolean => change.kind === 'keep' || change.kind === 'skip'

/** A gate of which everything behind it has been done. */
function isIdleGate(gate: PlannedNode, nodes: readonly PlannedNode[]): boolean {
  if (!('gate' in gate)) return false
  const behind = nodes.filter((node) => 'step' in node && ancestorsOf(node.id, nodes).has(gate.id))
  return behind.some(({ change }) => change.kind === 'keep') && behind.every(isTrue)
}

/** What keeps the plan from being run at all, as the error that says so; the worst comes first. */
export function blockerOf({ nodes }: Plan): Error | undefined {
  for (const { id, change } of nodes) {
    if (change.kind === 'refuse') {
      return new Refusal(change.code, `${id}: ${change.message}`, { hint: change.hint })
    }
  }
  for (const { id, change } of nodes) {
    if (change.kind === 'unknown') {
      return new UserError('PROBE_UNKNOWN', `${id}: the world cannot be seen: ${change.reason}`, {
        hint: 'Nothing was written. Repair what the step needs, then plan again.',
      })
    }
  }
  return undefined
}

/** Runs the plan on the project's engine until it has ended, waits for a person, or the signal is aborted. */
export async function runPlan(plan: Plan, request: RunRequest): Promise<Run> {
  let hadFailed = false
  const begin = async (engine: Engine): Promise<Run> => {
    const run = await startOrJoin(engine, plan)
    hadFailed = Object.values(run.nodes).some(({ status }) => status === 'failed')
    return run
  }
  const run = await runToEnd(request, stepsOf(request), begin)
  // A run that had failed before it was interrupted can only end; what this command asks for is a new one.
  return hadFailed && run.status === 'failed' ? runToEnd(request, stepsOf(request), begin) : run
}

/**
 * Goes on with the newest run that has not ended. Its steps run from this checkout, so that must be the commit that
 * the run is bound to.
 */
export async function resumeRun(version: string | undefined, request: RunRequest): Promise<Run> {
  return runToEnd(request, stepsOf(request), async (engine) => {
    const run = await findRun(engine, version)
    if (run.endedAt !== undefined) return run
    const { commit } = await readCheckout(request.project, request.signal)
    if (commit !== run.plan.run.commit) throw otherCommit(run, commit)
    return run
  })
}

export async function cancelRun(
  version: string | undefined,
  reason: string,
  request: RunRequest,
): Promise<Run> {
  return runToEnd(request, noSteps, async (engine) => {
    const run = await findRun(engine, version)
    if (run.endedAt !== undefined) {
      throw new UserError('RUN_ENDED', `The run ${run.id} has ended: ${run.status}.`, {
        hint: 'There is nothing to cancel.',
      })
    }
    return engine.cancel(keyOf(run.plan), reason)
  })
}

/** All runs of the project, newest first. */
export async function listRuns(request: RunRequest): Promise<readonly Run[]> {
  return withEngine(request, noSteps, (engine) => engine.list())
}

const stepsOf = ({ project, observer }: RunRequest): StepExecutor => executorFor(project, observer.log)

/**
 * An opened engine goes on with runs that were interrupted. Who only asks, or ends a run, must not publish by the way:
 * here a step waits until the engine is closed, and begins anew when somebody resumes.
 */
export const noSteps: StepExecutor = (_task, signal) =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

/**
 * Follows a run until it has ended, waits for a person, or the signal is aborted. A guest whose host has gone opens the
 * engine itself: either the run has ended meanwhile, or it goes on here.
 */
async function runToEnd(
  request: RunRequest,
  execute: StepExecutor,
  begin: (engine: Engine) => Promise<Run>,
): Promise<Run> {
  let begun: Run | undefined
  for (;;) {
    const chosen = Promise.withResolvers<Run>()
    const goOn = async (engine: Engine): Promise<Run> => {
      begun = begun === undefined ? await begin(engine) : ((await engine.get(keyOf(begun.plan))) ?? begun)
      chosen.resolve(begun)
      return begun.endedAt === undefined ? follow(engine, begun, request) : begun
    }
    const run = await withEngine(request, stepsOfOne(execute, chosen.promise), goOn).catch(
      undefinedWhenHostGone,
    )
    if (run?.endedAt !== undefined) {
      await abandonSteps(request.project, run, request.observer.log, request.signal)
    }
    if (run !== undefined && isLeft(run, request)) {
      if (run.status === 'waiting') await tellForgotten(request)
      return run
    }
    // Watching ends without a word when it is interrupted; that must not look like an end of the run.
    request.signal.throwIfAborted()
  }
}

async function tellForgotten({ project, observer }: RunRequest): Promise<void> {
  if (await isEngineDurable(project)) return
  observer.notice(
    'The engine in memory forgets this run now, so that its gate cannot be decided. Release with the durable engine.',
  )
}

/**
 * An opened engine goes on with every run that was interrupted, and another release of the project may be bound to another
 * commit than the one that is checked out: only the run that this command is about may use the checkout.
 */
function stepsOfOne(execute: StepExecutor, chosen: Promise<Run>): StepExecutor {
  return async (task, signal) => {
    const waiting = noSteps(task, signal)
    // When the step is of this command's run, nobody waits for this.
    waiting.catch(() => undefined)
    const isOfRun = chosen.then(({ plan }) => plan.run.version === task.plan.run.version)
    const mayExecute = await Promise.race([isOfRun, waiting.then(() => false)])
    return mayExecute ? execute(task, signal) : waiting
  }
}

function undefinedWhenHostGone(error: unknown): undefined {
  if (!(error instanceof TransientError && error.code === 'ENGINE_GONE')) throw error
}

/** `use` also hears which other process has the engine, if one has. */
export async function withEngine<Result>(
  request: RunRequest,
  execute: StepExecutor,
  use: (engine: Engine, heldBy: number | undefined) => Promise<Result>,
): Promise<Result> {
  try {
    return await withOpenEngine(request, execute, use)
  } catch (error) {
    throw await engineFailure(request.project, error)
  }
}

async function withOpenEngine<Result>(
  { project, observer }: RunRequest,
  execute: StepExecutor,
  use: (engine: Engine, heldBy: number | undefined) => Promise<Result>,
): Promise<Result> {
  const { engine, attachedTo } = await openEngine({ project, execute, onNotice: observer.notice })
  if (attachedTo !== undefined) {
    observer.notice(
      `The process ${attachedTo.pid} has had this project's engine since ${attachedTo.since}; watching its run. Ctrl-C only ends the watching.`,
    )
  }
  try {
    return await use(engine, attachedTo?.pid)
  } finally {
    await engine.close()
  }
}

/**
 * After a crash the same command is typed again. The plan made now differs from the active run's by what has come true
 * since; as long as it asks for nothing else, the active run is the one that goes on.
 */
async function startOrJoin(engine: Engine, plan: Plan): Promise<Run> {
  const active = await engine.get(keyOf(plan))
  if (active === undefined || active.endedAt !== undefined) return engine.start(plan)
  if (active.planDigest === planDigest(plan)) return active
  const differences = comparePlans(active.plan, plan)
  if (differences.length === 0) return active
  throw new Refusal(
    'RUN_ACTIVE',
    `The run ${active.id} has not ended, and the plan has changed since.\n${differences.map(({ text }) => text).join('\n')}`,
    { hint: 'Go on with it ("hawser resume"), or end it ("hawser cancel") and release again.' },
  )
}

async function follow(engine: Engine, started: Run, request: RunRequest): Promise<Run> {
  const { signal, observer, project } = request
  const reminding = reminders(observer.notice, project.now)
  let last = started
  try {
    for await (const run of engine.watch(keyOf(started.plan), signal)) {
      last = run
      observer.changed(run)
      reminding.changed(run)
      if (isLeft(run, request)) break
    }
  } finally {
    reminding.end()
  }
  return last
}

/** Over, or only people can go on from here: they need not keep a terminal open for it. */
const isLeft = ({ endedAt, status }: Run, { waitsForPeople }: RunRequest): boolean =>
  endedAt !== undefined || (status === 'waiting' && waitsForPeople !== true)

export async function findRun(engine: Engine, version: string | undefined): Promise<Run> {
  const runs = await engine.list()
  const found = runs.find(({ plan, endedAt }) =>
    version === undefined ? endedAt === undefined : plan.run.version === version,
  )
  const newest = found ?? (version === undefined ? runs[0] : undefined)
  if (newest !== undefined) return newest
  const what = version === undefined ? 'any release' : `the version ${version}`
  throw new UserError('RUN_NONE', `There is no run of ${what} in this project.`, {
    hint: 'Start one: hawser release VERSION.',
  })
}

export const keyOf = ({ run }: Plan): ReleaseKey => ({ project: run.project, version: run.version })

const otherCommit = ({ id, plan }: Run, commit: string): UserError =>
  new UserError(
    'RUN_OTHER_COMMIT',
    `The run ${id} is bound to the commit ${plan.run.commit.slice(0, 12)}, and ${commit.slice(0, 12)} is checked out.`,
    {
      hint: `Check it out to go on (git switch --detach ${plan.run.commit.slice(0, 12)}), or cancel the run.`,
    },
  )

/** Refuses when the world, the commit or the file moved since the plan was approved. */
export function refuseMoved(approved: Plan, now: Plan): void {
  const differences = comparePlans(approved, now)
  if (differences.length === 0) return
  throw new Refusal(
    'PLAN_WORLD_MOVED',
    `The plan no longer fits the world.\n${differences.map(({ text }) => text).join('\n')}`,
    { hint: 'Make a new plan (hawser plan), look at it, and release that one.' },
  )
}
