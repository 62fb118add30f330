import { UserError } from '../errors.ts'
import type { Json } from '../lib/json.ts'
import type { StepNode } from './plan.ts'
import type { GateDecision } from './run.ts'
import type { AnyStep, RunIdentity, StepContext } from './step.ts'

/** Finds a step kind by its name. */
export type StepRegistry = (kind: string) => AnyStep | undefined

/** What a step is looked at for, in planning and in execution alike. */
export interface StepSubject {
  readonly run: RunIdentity
  readonly node: StepNode
  readonly results: { readonly [stepId: string]: Json }
  readonly decisions?: { readonly [gateId: string]: GateDecision }
  /** ISO 8601; absent while planning, as is the run's id. */
  readonly runStartedAt?: string
  readonly runId?: string
}

export type ContextFor = (subject: StepSubject, signal: AbortSignal) => StepContext

/** The kind and the parsed options of a node; a UserError when either is wrong. */
export function resolveStep(node: StepNode, registry: StepRegistry): { step: AnyStep; options: unknown } {
  const step = registry(node.step)
  if (step === undefined) {
    throw new UserError(
      'STEP_UNKNOWN',
      `The step "${node.id}" is of the kind "${node.step}", which does not exist.`,
      {
        hint: 'Run the version of Hawser that the plan was made with, or plan again.',
      },
    )
  }
  const parsed = step.options.safeParse(node.options)
  if (parsed.success) return { step, options: parsed.data }
  const findings = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`,
  )
  throw new UserError(
    'STEP_OPTIONS',
    `The options of the step "${node.id}" are wrong.\n${findings.join('\n')}`,
    {
      hint: `Repair the options of "${node.id}" in hawser.yaml.`,
    },
  )
}
