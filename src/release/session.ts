import type { Config } from '../config/config.ts'
import { failureText } from '../errors.ts'
import { digestOfJson } from '../lib/digest.ts'
import type { StepExecutor } from '../pipeline/engine.ts'
import { stepExecutor } from '../pipeline/execute.ts'
import type { Pipeline, Plan } from '../pipeline/plan.ts'
import { planPipeline } from '../pipeline/planning.ts'
import type { NodeState, Run } from '../pipeline/run.ts'
import type { RunIdentity, StepContext } from '../pipeline/step.ts'
import { resolveStep, type StepSubject } from '../pipeline/step-registry.ts'
import { stepTask } from '../pipeline/step-task.ts'
import { steps } from '../steps/index.ts'
import type { Project } from './project.ts'

/** A line of progress of one step. */
export type StepLog = (nodeId: string, text: string) => void

const registry = (kind: string) => steps.find(({ name }) => name === kind)

/** What planning and execution give to steps alike. */
function stepContext(project: Project, subject: StepSubject, signal: AbortSignal, log: StepLog): StepContext {
  const { root, environment, now, redactor } = project
  return {
    run: subject.run,
    results: subject.results,
    ...(subject.decisions !== undefined && { decisions: subject.decisions }),
    ...(subject.runId !== undefined && { execution: { runId: subject.runId, node: subject.node.id } }),
    ...(subject.runStartedAt !== undefined && { runStartedAt: new Date(subject.runStartedAt) }),
    root,
    environment,
    signal,
    now,
    log: (text) => log(subject.node.id, redactor.text(text)),
    maskSecret: (secret) => redactor.add(secret),
  }
}

export interface PlanRequest {
  readonly project: Project
  readonly config: Config
  readonly run: RunIdentity
  readonly pipeline: Pipeline
  readonly signal: AbortSignal
  readonly log?: StepLog
}

/** The diff between the declared pipeline and the world. Writes nothing outside of caches. */
export function makePlan({ project, config, run, pipeline, signal, log }: PlanRequest): Promise<Plan> {
  return planPipeline({
    pipeline,
    run,
    config: digestOfJson(config),
    registry,
    contextFor: (subject, stop) => stepContext(project, subject, stop, log ?? (() => undefined)),
    signal,
    redact: (text) => project.redactor.text(text),
  })
}

/** What an engine executes steps with. */
export function executorFor(project: Project, log: StepLog): StepExecutor {
  return stepExecutor({
    registry,
    contextFor: (task, signal) => stepContext(project, task, signal, log),
    redact: (text) => project.redactor.text(text),
  })
}

/**
 * Ends what steps of an ended run began and nobody waits for any more. Repeated, it changes nothing. What cannot be ended
 * is told: the run is over as it is.
 */
export async function abandonSteps(
  project: Project,
  run: Run,
  log: StepLog,
  signal: AbortSignal,
): Promise<void> {
  for (const node of run.plan.nodes) {
    if ('gate' in node || !isLeftBehind(run.nodes[node.id])) continue
    if (registry(node.step)?.abandon === undefined) continue
    const task = stepTask(run, node.id)
    const { step, options } = resolveStep(task.node, registry)
    try {
      await step.abandon?.(options, stepContext(project, { ...task, run: run.plan.run }, signal, log))
    } catch (error) {
      const why = project.redactor.text(failureText(error))
      log(node.id, `What the step began could not be ended. ${why}`)
    }
  }
}

const isLeftBehind = (state: NodeState | undefined): boolean =>
  state?.status === 'cancelled' || (state?.status === 'failed' && state.failure.class === 'timeout')
