import { z } from 'zod'
import type { Path, Problem } from '../finding.ts'
import { namesOf, sharedOptionsOf } from '../kinds.ts'
import { nameHint } from '../name-hint.ts'
import type { WrittenStep } from '../schema/config-schema.ts'
import { validate } from '../validate.ts'
import { keysAt, writtenAt } from '../written.ts'
import { problem, type Rule, type RuleContext } from './rule.ts'

type Step = WrittenStep & { readonly id: string }

/** Ids are unique, every node is a step or a gate, needs lead somewhere and never back, options fit the kind of step. */
export const pipeline: Rule = (context) => {
  const { steps: written = [], extends: base = 'default' } = context.config.pipeline ?? {}
  // An id that is missing has been reported with the schema; no two of these are equal.
  const steps = written.map((step, index) => ({ ...step, id: step.id ?? `#${index}` }))
  const ids = steps.map(({ id }) => id)
  const stepsUsed = steps.flatMap(({ step }) => step ?? [])
  const problems: Problem[] = []
  for (const [index, step] of steps.entries()) {
    const path = ['pipeline', 'steps', index]
    if (ids.indexOf(step.id) !== index) {
      const hint = 'Ids are unique in a pipeline.'
      problems.push(problem([...path, 'id'], 'PIPELINE_ID', `"${step.id}" is used above already.`, hint))
    }
    problems.push(...checkNode(step, path, context))
    // The derived pipeline has more ids; it is known only when it is derived (release/pipeline.ts).
    if (base === 'none') problems.push(...checkNeeds(step, path, ids, stepsUsed))
  }
  return [...problems, ...cycles(steps)]
}

function checkNode(step: Step, path: Path, context: RuleContext): readonly Problem[] {
  if (step.step !== undefined && step.gate !== undefined) {
    const hint = 'Make two entries of it; the gate comes into the "needs" of the step.'
    return [problem([...path, 'gate'], 'PIPELINE_NODE', 'An entry is a step or a gate, not both.', hint)]
  }
  if (step.gate !== undefined) {
    return (['with', 'retry'] as const).flatMap((key) => {
      if (step[key] === undefined) return []
      return [problem([...path, key], 'PIPELINE_NODE', `"${key}" means nothing for a gate.`, 'Remove it.')]
    })
  }
  if (step.step !== undefined) return checkOptions(step.step, path, context)
  // A kind of step that does not exist has been reported with the schema.
  if (keysAt(context.root, path).some((key) => key === 'step' || key === 'gate')) return []
  const hint = `Add "step:" with a kind of step (${namesOf(context.kinds.steps).join(', ')}), or "gate:" with a question.`
  return [problem(path, 'PIPELINE_NODE', 'The entry is neither a step nor a gate.', hint)]
}

function checkOptions(kindName: string, path: Path, { kinds, root }: RuleContext): readonly Problem[] {
  const kind = kinds.steps.find(({ name }) => name === kindName)
  const options = writtenAt(root, [...path, 'with'])
  if (kind === undefined) return []
  const shared = sharedOptionsOf(kind)
  const isShared = ({ code, path: at }: Problem): boolean =>
    code === 'CONFIG_MISSING' && shared.some((name) => name === at.at(-1)) && at.length === path.length + 2
  if (options !== undefined) {
    const found = validate(kind.options, options, { basePath: [...path, 'with'] }).problems
    return found.filter((one) => !isShared(one))
  }
  if (!(kind.options instanceof z.ZodType) || needsNothing(kind.options, shared)) return []
  return [
    problem(
      [...path, 'with'],
      'CONFIG_MISSING',
      '"with" is missing.',
      `"${kindName}" has options that must be given.`,
    ),
  ]
}

/** Whether the options are complete with what the file says for all steps. */
function needsNothing(options: z.ZodType, shared: readonly string[]): boolean {
  const parsed = options.safeParse({})
  return (
    parsed.success ||
    parsed.error.issues.every(({ path }) => path.length > 0 && shared.includes(String(path[0])))
  )
}

/** A need is an id, or a kind of step: then all steps of that kind. */
function checkNeeds(
  step: Step,
  path: Path,
  ids: readonly string[],
  stepsUsed: readonly string[],
): readonly Problem[] {
  return (['needs', 'before'] as const).flatMap((key) =>
    (step[key] ?? []).flatMap((need, index) => {
      if (ids.includes(need) || stepsUsed.includes(need)) return []
      const hint = nameHint(
        need,
        ids.filter((id) => id !== step.id),
        'steps',
      )
      return [
        problem([...path, key, index], 'CONFIG_UNKNOWN_NAME', `There is no step or gate "${need}".`, hint),
      ]
    }),
  )
}

/** One finding for each circle, at its first step in the file. */
function cycles(steps: readonly Step[]): readonly Problem[] {
  const edges = new Map<string, readonly string[]>()
  for (const { id, needs = [] } of steps) {
    const waits = steps.filter(({ before = [] }) => before.includes(id)).map((other) => other.id)
    edges.set(id, [...needs, ...waits])
  }
  const settled = new Set<string>()
  const problems: Problem[] = []
  const follow = (id: string, trail: readonly string[]): void => {
    const start = trail.indexOf(id)
    if (start !== -1) {
      problems.push(circleProblem([...trail.slice(start), id], steps))
      return
    }
    if (settled.has(id)) return
    for (const need of edges.get(id) ?? []) follow(need, [...trail, id])
    settled.add(id)
  }
  for (const { id } of steps) follow(id, [])
  return problems
}

function circleProblem(circle: readonly string[], steps: readonly Step[]): Problem {
  const index = steps.findIndex(({ id }) => circle.includes(id))
  const message = `The steps wait for each other: ${circle.join(' needs ')}.`
  return problem(
    ['pipeline', 'steps', index, 'needs'],
    'PIPELINE_CIRCLE',
    message,
    'Remove one of these needs.',
  )
}
