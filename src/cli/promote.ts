import { exitCodes } from '../errors.ts'
import { planDigest } from '../pipeline/plan-digest.ts'
import { findProject } from '../release/project.ts'
import { planPromotion, promote as promoteAll } from '../release/promote.ts'
import { blockerOf, isAlreadyTrue } from '../release/run-release.ts'
import { type Command, stringFlag } from './command.ts'
import { inputFlags, inputsOf } from './inputs.ts'
import { progress } from './progress.ts'
import { confirm } from './release.ts'
import { planLines } from './render-plan.ts'
import { scopeFlags, scopeOf } from './scope.ts'

export const promote: Command = {
  name: 'promote',
  usage: 'FROM TO VERSION',
  describe:
    'Takes the packages of a version from one environment to the next: the same bytes, tested or waived, nothing built.',
  words: [3, 3],
  flags: {
    ...inputFlags,
    ...scopeFlags,
    reason: { type: 'string', value: 'TEXT', describe: 'Why, where the environment asks for an approval.' },
    yes: { type: 'boolean', short: 'y', describe: 'Do not ask.' },
  },
  async run(input) {
    const { words, flags, terminal, environment, cwd, signal } = input
    const [from = '', to = '', version = ''] = words
    const project = await findProject({ cwd, environment })
    const scope = await scopeOf(flags, project, signal)
    const reason = stringFlag(flags, 'reason')?.trim() || undefined
    const request = { project, version, from, to, inputs: inputsOf(flags), scope, reason, signal }
    const plan = await planPromotion(request)
    if (!terminal.json) for (const line of planLines(plan, planDigest(plan), terminal)) terminal.note(line)
    const blocker = blockerOf(plan)
    if (blocker !== undefined) throw blocker
    const what = `the packages of ${plan.run.project} ${version}`
    if (isAlreadyTrue(plan)) {
      terminal.print(
        terminal.json
          ? JSON.stringify({ changed: false })
          : `"${to}" has ${what} already; nothing was written.`,
      )
      return exitCodes.done
    }
    if (flags['yes'] !== true) await confirm(input)
    const observer = progress(terminal)
    try {
      const run = await promoteAll(plan, request, observer)
      terminal.print(
        terminal.json ? JSON.stringify(run, null, 2) : `"${to}" has ${what}, as "${from}" has them.`,
      )
      return exitCodes.done
    } finally {
      observer.end()
    }
  },
}
