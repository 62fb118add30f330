import type { Config, EnvironmentConfig } from '../config/config.ts'
import { nameHint } from '../config/name-hint.ts'
import { listText } from '../config/schema/inspect.ts'
import { Refusal, TransientError, UserError } from '../errors.ts'
import type { Plan } from '../pipeline/plan.ts'
import type { Failure, Run } from '../pipeline/run.ts'
import type { Approval } from '../signing/attest/promotion.ts'
import { deciderOf } from './decider.ts'
import { selectEnvironments } from './environments.ts'
import { promotionPipeline } from './pipeline.ts'
import { declare, type ReleaseRequest } from './prepare.ts'
import { refuseModified } from './project.ts'
import { runInMemory } from './run-in-memory.ts'
import type { RunObserver } from './run-release.ts'
import { completeScope } from './scope.ts'
import { makePlan } from './session.ts'

export interface PromotionRequest extends ReleaseRequest {
  readonly from: string
  readonly to: string
  /** Why it is approved, where the environment asks for an approval. */
  readonly reason?: string | undefined
}

/** The plan that promotes the packages of a version, without the rest of a release. */
export async function planPromotion(asked: PromotionRequest): Promise<Plan> {
  const { project, signal } = asked
  const { config, checkout, run } = await declare(asked)
  refuseModified(checkout)
  const environment = promotedTo(config, asked)
  const scope = await completeScope(config, asked.scope ?? {}, project, signal)
  const selection = selectEnvironments(config, scope.branch)
  const skip = selection.skipOf(environment)
  if (skip?.reason === 'not selected') throw notReached(environment, skip.by)
  const approval = await approvalOf(environment, asked)
  const pipeline = promotionPipeline(config, environment, { waiver: scope.waiver, approval })
  return makePlan({ project, config, run, pipeline, signal })
}

/** Does it; a failed step is thrown. */
export async function promote(plan: Plan, asked: PromotionRequest, observer: RunObserver): Promise<Run> {
  const run = await runInMemory(plan, asked, observer)
  for (const [id, state] of Object.entries(run.nodes)) {
    if (state.status === 'failed') throw errorOf(id, state.failure)
  }
  return run
}

function promotedTo({ environments }: Config, { from, to }: PromotionRequest): EnvironmentConfig {
  const names = Object.keys(environments)
  const find = (name: string): EnvironmentConfig => {
    const found = environments[name]
    if (found !== undefined) return found
    throw new UserError('ENVIRONMENT_UNKNOWN', `hawser.yaml has no environment "${name}".`, {
      hint: nameHint(name, names, 'environments'),
    })
  }
  const [source, target] = [find(from), find(to)]
  if (target.from === source.name) return target
  const takesFrom = target.from === undefined ? 'no other environment' : `"${target.from}"`
  const takers = names.filter((name) => environments[name]?.from === from)
  throw new Refusal('PROMOTION_PATH', `"${to}" takes packages from ${takesFrom}, not from "${from}".`, {
    hint:
      takers.length === 0
        ? `Nothing is promoted from "${from}".`
        : `From "${from}": ${listText(takers, 'and')}.`,
  })
}

async function approvalOf(
  { name, approval }: EnvironmentConfig,
  { project, signal, reason }: PromotionRequest,
): Promise<Approval | undefined> {
  if (reason === undefined) {
    if (approval === undefined) return undefined
    throw new UserError(
      'PROMOTION_APPROVAL',
      `"${name}" asks before anything is published in it: ${approval}`,
      {
        hint: 'Answer with a reason, which is recorded with your name: --reason TEXT.',
      },
    )
  }
  const by = await deciderOf(project, signal)
  return { question: approval ?? 'hawser promote', by, reason, at: project.now().toISOString() }
}

const notReached = ({ name }: EnvironmentConfig, by: string): Refusal =>
  new Refusal('ENVIRONMENT_UNREACHED', `"${name}" is not reached: ${by}.`, {
    hint: 'Check out such a branch, or say which one it is: --branch NAME.',
  })

function errorOf(step: string, { class: fate, code, message, hint }: Failure): Error {
  const options = hint === undefined ? {} : { hint }
  const text = `${step}: ${message}`
  if (fate === 'refused') return new Refusal(code, text, options)
  if (fate === 'transient' || fate === 'timeout') return new TransientError(code, text, options)
  return fate === 'user' ? new UserError(code, text, options) : new Error(text)
}
