import { join, relative } from 'node:path'
import { formatFinding } from '../config/finding.ts'
import { loadConfig } from '../config/load.ts'
import { exitCodes } from '../errors.ts'
import { findProject } from '../release/project.ts'
import type { Command } from './command.ts'

export const check: Command = {
  name: 'check',
  usage: '[VERSION]',
  describe: 'Validates hawser.yaml: every finding with line, column, what is wrong and what to do.',
  words: [0, 1],
  flags: {},
  async run({ words: [version], terminal, environment, cwd }) {
    const project = await findProject({ cwd, environment })
    const { findings, config } = await loadConfig({
      path: project.configPath,
      environment,
      ...(version !== undefined && { version }),
    })
    if (terminal.json) terminal.print(JSON.stringify({ findings }, null, 2))
    else for (const finding of findings) terminal.print(formatFinding(finding))
    if (config === undefined) {
      terminal.note(`\n${findings.length === 1 ? 'One finding' : `${findings.length} findings`}.`)
      return exitCodes.repair
    }
    terminal.note(
      `${relative(cwd, project.configPath) || join('.', 'hawser.yaml')} is right.\nNext: hawser plan VERSION`,
    )
    return exitCodes.done
  },
}
