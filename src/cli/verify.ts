import { exitCodes } from '../errors.ts'
import { findProject } from '../release/project.ts'
import { verifyRelease } from '../release/verify-release.ts'
import type { Command } from './command.ts'
import { versionOf } from './version-word.ts'

export const verify: Command = {
  name: 'verify',
  usage: 'VERSION|next',
  describe:
    'Fetches a release back as a user would: tag, assets, checksums, signatures, repositories, images.',
  words: [1, 1],
  flags: {
    rebuild: {
      type: 'boolean',
      describe: 'Also builds the images once more from the commit, and says what differs.',
    },
  },
  async run({ words: [word = ''], flags, terminal, environment, cwd, signal }) {
    const project = await findProject({ cwd, environment })
    const version = await versionOf(word, { project, flags, terminal, signal })
    const log = (text: string): void => terminal.note(terminal.style.dim(`  · ${text}`))
    const report = await verifyRelease(
      version,
      { project, signal, log },
      { rebuild: flags['rebuild'] === true },
    )
    if (terminal.json) terminal.print(JSON.stringify(report, null, 2))
    else {
      for (const line of report.verified) terminal.print(`${terminal.style.green('✓')} ${line}`)
      for (const { code, message } of report.findings)
        terminal.print(`${terminal.style.red('✗')} ${code}: ${message}`)
    }
    return report.findings.length === 0 ? exitCodes.done : exitCodes.failed
  },
}
