import type { NodeState, Run } from '../pipeline/run.ts'
import { skipText } from './render-plan.ts'

/** A run as Markdown, for the page of a CI job: what came out, of every step, and who decided. */
export function runSummary(run: Run, verdict: string, next: string): string {
  const rows = run.plan.nodes.map((node) => {
    const state = run.nodes[node.id] ?? ({ status: 'waiting' } as const)
    const question = 'gate' in node ? node.gate : ''
    return `| ${signOf(state)} | ${cell(node.id)} | ${cell(textOf(state, question))} |`
  })
  return [
    `### ${cell(verdict)}`,
    '',
    `Commit \`${run.plan.run.commit}\`, plan \`${run.planDigest}\`.`,
    '',
    '| | step | |',
    '| --- | --- | --- |',
    ...rows,
    '',
    `Next: \`${next}\``,
    '',
  ].join('\n')
}

const signs: { readonly [status in NodeState['status']]: string } = {
  waiting: '·',
  running: '…',
  open: '❓',
  done: '✅',
  skipped: '➖',
  failed: '❌',
  rejected: '❌',
  cancelled: '➖',
}

const signOf = ({ status }: NodeState): string => signs[status]

function textOf(state: NodeState, question: string): string {
  switch (state.status) {
    case 'done':
      return `${state.summary}${state.did === 'keep' ? ' (already true)' : ''}`
    case 'failed': {
      const { code, message, hint } = state.failure
      return `**${code}** ${message}${hint === undefined ? '' : ` *${hint}*`}`
    }
    case 'skipped':
      return skipText(state.skip)
    case 'open':
      return `${question} A person decides until ${state.until}.`
    case 'rejected':
      return `rejected by ${state.by}: ${state.reason}`
    case 'running':
      return state.note ?? 'running'
    default:
      return state.status
  }
}

/** One line without what Markdown or HTML would make something else of. */
const cell = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, '<br>')
