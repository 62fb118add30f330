import type { Plan, PlannedChange } from '../pipeline/plan.ts'
import type { Skip } from '../pipeline/step.ts'
import type { Style, Terminal } from './terminal.ts'

interface Look {
  readonly sign: string
  readonly paint: keyof Style
}

/** One look for every kind of change; plain text says the same without colours. */
const looks: { readonly [kind in PlannedChange['kind']]: Look } = {
  create: { sign: '+', paint: 'green' },
  replace: { sign: '~', paint: 'yellow' },
  keep: { sign: '=', paint: 'dim' },
  later: { sign: '+', paint: 'green' },
  wait: { sign: '…', paint: 'yellow' },
  gate: { sign: '?', paint: 'cyan' },
  skip: { sign: '-', paint: 'dim' },
  refuse: { sign: '!', paint: 'red' },
  unknown: { sign: '!', paint: 'red' },
}

/** The plan as people read it: one line a step, and what it comes to. */
export function planLines(plan: Plan, digest: string, { style }: Terminal): readonly string[] {
  const width = Math.min(44, Math.max(...plan.nodes.map(({ id }) => id.length), 0))
  const lines = plan.nodes.map(({ id, change }) => {
    const { sign, paint } = looks[change.kind]
    return style[paint](`  ${sign} ${id.padEnd(width)}  ${changeText(change)}`)
  })
  const { project, version, commit } = plan.run
  return [
    style.bold(`${project} ${version}`) + style.dim(` at ${commit.slice(0, 12)}`),
    '',
    ...lines,
    '',
    `${tally(plan)} ${style.dim(`Plan ${digest.slice(0, 19)}…`)}`,
  ]
}

function changeText(change: PlannedChange): string {
  switch (change.kind) {
    case 'refuse':
      return `refused: ${change.message}`
    case 'unknown':
      return `cannot be seen: ${change.reason}`
    case 'skip':
      return skipText(change.skip)
    case 'wait':
      return `${change.summary} (waits for ${change.whom})`
    case 'gate':
      return `a person decides: ${change.summary}`
    case 'later':
      return `known after ${shortList(change.after)}`
    default:
      return change.summary
  }
}

const shortList = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 2).join(', ')} and ${names.length - 2} more` : names.join(', ')

export function skipText(skip: Skip): string {
  switch (skip.reason) {
    case 'not selected':
      return `skipped: ${skip.by}`
    case 'not applicable':
      return `skipped: ${skip.because}`
    case 'blocked':
      return `blocked by ${skip.by}`
  }
}

function tally({ nodes }: Plan): string {
  const count = (...kinds: readonly PlannedChange['kind'][]): number =>
    nodes.filter(({ change }) => kinds.includes(change.kind)).length
  const parts = [
    [count('create', 'later'), 'to do'],
    [count('replace'), 'to replace'],
    [count('wait', 'gate'), 'to wait for'],
    [count('keep'), 'already true'],
    [count('skip'), 'skipped'],
    [count('refuse', 'unknown'), 'in the way'],
  ] as const
  return `${parts
    .filter(([number]) => number > 0)
    .map(([number, what]) => `${number} ${what}`)
    .join(', ')}.`
}
