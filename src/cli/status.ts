import { exitCodes } from '../errors.ts'
import type { NodeState, Run } from '../pipeline/run.ts'
import { findProject } from '../release/project.ts'
import { listRuns } from '../release/run-release.ts'
import type { Command } from './command.ts'
import { nextCommand, verdict } from './end-of-run.ts'
import { gateLines } from './gates.ts'
import { progress } from './progress.ts'

export const status: Command = {
  name: 'status',
  usage: '[VERSION]',
  describe: 'Says where a release stands, who or what it waits for, and what to type next.',
  words: [0, 1],
  flags: {},
  async run({ words: [version], terminal, environment, cwd, signal }) {
    const project = await findProject({ cwd, environment })
    const observer = progress(terminal)
    const runs = await listRuns({ project, signal, observer })
    const shown = version === undefined ? runs : runs.filter(({ plan }) => plan.run.version === version)
    if (terminal.json) terminal.print(JSON.stringify(shown, null, 2))
    else if (shown.length === 0) terminal.print('Nothing was released from this project yet.')
    else for (const line of shown.slice(0, 10).flatMap(statusLines)) terminal.print(line)
    const [newest] = shown
    terminal.note(`Next: ${newest === undefined ? 'hawser plan VERSION' : nextCommand(newest)}`)
    return exitCodes.done
  },
}

function statusLines(run: Run): readonly string[] {
  const lines = [verdict(run), ...gateLines(run)]
  for (const [id, state] of Object.entries(run.nodes)) {
    if (state.status === 'failed') lines.push(`  ${id}: ${state.failure.code}: ${state.failure.message}`)
    if (state.status === 'running') lines.push(`  ${id}: ${runningText(state)}`)
    if (state.status === 'rejected') lines.push(`  ${id}: rejected by ${state.by}: ${state.reason}`)
    if (state.status === 'done' && state.did === 'approved') lines.push(`  ${id}: ${state.summary}`)
  }
  return lines
}

/** What it waits for stands in the note, with who must act. */
function runningText({ since, attempt, note, next }: NodeState & { status: 'running' }): string {
  const again = next === undefined ? '' : `; looks again at ${next}`
  return `running since ${since} (attempt ${attempt})${note === undefined ? '' : `: ${note}${again}`}`
}
