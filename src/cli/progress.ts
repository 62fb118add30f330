import type { PlannedNode } from '../pipeline/plan.ts'
import type { NodeState, Run } from '../pipeline/run.ts'
import type { RunObserver } from '../release/run-release.ts'
import { skipText } from './render-plan.ts'
import type { Terminal } from './terminal.ts'

/** Shows a run as it goes: live on a terminal, a line for each change in CI and files. */
export interface Progress extends RunObserver {
  /** Takes the live part away; what was printed stays. */
  end(): void
}

export function progress(terminal: Terminal): Progress {
  const seen = new Map<string, NodeState['status']>()
  const live = liveArea(terminal)
  let latest: Run | undefined
  const notes = new Map<string, string>()

  const print = (line: string): void => {
    live.clear()
    terminal.note(line)
  }
  return {
    log(node, text) {
      notes.set(node, text)
      if (latest !== undefined && terminal.isInteractive) live.draw(runningLines(latest, notes, terminal))
      else print(terminal.style.dim(`  · ${node}: ${text}`))
    },
    notice: (text) => print(terminal.style.yellow(text)),
    changed(run) {
      latest = run
      for (const node of run.plan.nodes) {
        const state = run.nodes[node.id]
        if (state === undefined || seen.get(node.id) === state.status) continue
        seen.set(node.id, state.status)
        const line = stateLine(node, state, terminal)
        if (line !== undefined) print(line)
      }
      live.draw(runningLines(run, notes, terminal))
    },
    end: live.clear,
  }
}

/** A line when a step has come to something; that it began is only worth one where nothing is drawn live. */
function stateLine(
  node: PlannedNode,
  state: NodeState,
  { style, isInteractive }: Terminal,
): string | undefined {
  const { id } = node
  switch (state.status) {
    case 'done':
      if (state.did === 'keep') return style.dim(`  = ${id}  ${state.summary} (already true)`)
      return `${style.green('  ✓')} ${id}  ${state.summary}`
    case 'failed':
      return style.red(`  ✗ ${id}  ${state.failure.code}: ${state.failure.message}`)
    case 'skipped':
      return style.dim(`  - ${id}  ${skipText(state.skip)}`)
    case 'open':
      return style.cyan(`  ? ${id}  ${'gate' in node ? `${node.gate} ` : ''}(open until ${state.until})`)
    case 'rejected':
      return style.red(`  ✗ ${id}  rejected by ${state.by}: ${state.reason}`)
    case 'cancelled':
      return style.yellow(`  - ${id}  cancelled`)
    case 'running':
      return isInteractive ? undefined : style.dim(`  > ${id}`)
    case 'waiting':
      return undefined
  }
}

function runningLines(run: Run, notes: ReadonlyMap<string, string>, terminal: Terminal): readonly string[] {
  const running = run.plan.nodes.filter(({ id }) => run.nodes[id]?.status === 'running')
  const done = run.plan.nodes.filter(({ id }) => ['done', 'skipped'].includes(run.nodes[id]?.status ?? ''))
  const head = terminal.style.bold(`  ${done.length}/${run.plan.nodes.length}`)
  return [
    head,
    ...running.map(({ id }) => {
      const state = run.nodes[id]
      const note = (state?.status === 'running' ? state.note : undefined) ?? notes.get(id) ?? ''
      return `  … ${id}${note === '' ? '' : terminal.style.dim(`  ${note}`)}`.slice(0, terminal.columns + 8)
    }),
  ]
}

interface LiveArea {
  draw(lines: readonly string[]): void
  clear(): void
}

/** The last lines of a terminal, drawn over. Elsewhere nothing. */
function liveArea(terminal: Terminal): LiveArea {
  let height = 0
  const clear = (): void => {
    if (height > 0) terminal.draw(`\u001b[${height}A\u001b[0J`)
    height = 0
  }
  return {
    clear,
    draw(lines) {
      if (!terminal.isInteractive) return
      clear()
      terminal.draw(`${lines.join('\n')}\n`)
      height = lines.length
    },
  }
}
