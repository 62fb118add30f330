import { exitCodes } from '../errors.ts'
import type { Run } from '../pipeline/run.ts'
import { exitCodeOf } from '../pipeline/run-exit.ts'
import { isRemoval } from '../release/replace.ts'
import { unreleasedBecause } from '../release/scope.ts'
import { decideCommand, gateLines, openGates } from './gates.ts'
import { runSummary } from './run-summary.ts'
import type { Terminal } from './terminal.ts'

/** Prints what a run came to and the next command to type; returns the exit code. */
export function endOfRun(run: Run, terminal: Terminal): number {
  const code = exitCodeOf(run)
  tellCi(run, terminal)
  if (terminal.json) {
    terminal.print(JSON.stringify(run, null, 2))
    return code
  }
  for (const line of [...failureLines(run, terminal), ...gateLines(run)]) terminal.note(line)
  terminal.print(verdict(run))
  terminal.note(`Next: ${nextCommand(run)}`)
  return code
}

/** Ctrl-C: the run is recorded and goes on when it is asked to. */
export function interrupted(terminal: Terminal): number {
  terminal.note('\nInterrupted. What was done is recorded.\nNext: hawser resume')
  return exitCodes.failed
}

export function verdict(run: Run): string {
  const { plan, status, id } = run
  const what = `${plan.run.project} ${plan.run.version}`
  switch (status) {
    case 'published':
      if (isRemoval(run)) return `What there was of ${what} is removed (run ${id}), to be released anew.`
      return `${what} is published${where(plan)}: everything declared was done and read back.`
    case 'failed':
      return `${what} failed (run ${id}). What is done stays done; nothing half-done is visible.`
    case 'refused':
      return `${what} was refused (run ${id}).`
    case 'rejected':
      return `${what} was rejected (run ${id}).`
    case 'cancelled':
      return `${what} was cancelled (run ${id}).`
    case 'waiting':
      return `${what} waits for a decision (run ${id}).`
    default:
      return `${what} is ${status} (run ${id}).`
  }
}

/** A release that stays behind the last environment is not what users get. */
function where(plan: Run['plan']): string {
  const unreleased = unreleasedBecause(plan)
  return unreleased === undefined ? '' : ` where this run reaches (${unreleased})`
}

export function nextCommand(run: Run): string {
  const { plan, status } = run
  const { version } = plan.run
  switch (status) {
    case 'published':
      if (unreleasedBecause(plan) !== undefined) return `hawser status ${version}`
      return `hawser ${isRemoval(run) ? 'release' : 'verify'} ${version}`
    case 'failed':
    case 'cancelled':
      return `hawser release ${version}`
    case 'refused':
    case 'rejected':
      return `hawser plan ${version}`
    case 'waiting':
      return `${openGates(run).map(decideCommand).join(', or ')}, then hawser resume ${version}`
    default:
      return 'hawser resume'
  }
}

function failureLines({ nodes }: Run, { style }: Terminal): readonly string[] {
  return Object.entries(nodes).flatMap(([id, state]) => {
    if (state.status !== 'failed') return []
    const { code, message, hint } = state.failure
    const lines = [style.red(`${id}: ${code}: ${message}`)]
    return hint === undefined ? lines : [...lines, `  ${hint.replaceAll('\n', '\n  ')}`]
  })
}

/** Failures and open gates stand at the top of a CI job, and all of the run on its page. */
function tellCi(run: Run, { beside }: Terminal): void {
  for (const [id, state] of Object.entries(run.nodes)) {
    if (state.status === 'failed') {
      const { code, message, hint = '' } = state.failure
      beside.annotate('error', `${id}: ${code}`, `${message}\n${hint}`.trim())
    }
    if (state.status === 'rejected')
      beside.annotate('error', `${id} was rejected`, `${state.by}: ${state.reason}`)
  }
  for (const gate of openGates(run)) {
    beside.annotate(
      'warning',
      `${gate.node.id} waits for a person`,
      `${gate.node.gate}\n${decideCommand(gate)}`,
    )
  }
  beside.summarise(runSummary(run, verdict(run), nextCommand(run)))
}
