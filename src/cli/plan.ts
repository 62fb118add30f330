import { resolve } from 'node:path'
import { exitCodes, failureText } from '../errors.ts'
import { planDigest } from '../pipeline/plan-digest.ts'
import { writePlanFile } from '../release/plan-file.ts'
import { planRelease } from '../release/prepare.ts'
import { findProject } from '../release/project.ts'
import { blockerOf, isAlreadyTrue } from '../release/run-release.ts'
import { type Command, stringFlag } from './command.ts'
import { inputFlags, inputsOf } from './inputs.ts'
import { planLines } from './render-plan.ts'
import { scopeFlags, scopeOf } from './scope.ts'
import { versionOf } from './version-word.ts'

export const plan: Command = {
  name: 'plan',
  usage: 'VERSION|next',
  describe: 'Shows the diff between the declared release and the world. Writes nothing.',
  words: [1, 1],
  flags: {
    ...inputFlags,
    ...scopeFlags,
    out: {
      type: 'string',
      short: 'o',
      value: 'FILE',
      describe: 'Write the plan, for "hawser release --plan FILE".',
    },
  },
  async run({ words: [word = ''], flags, terminal, environment, cwd, signal }) {
    const project = await findProject({ cwd, environment })
    const version = await versionOf(word, { project, flags, terminal, signal })
    const scope = await scopeOf(flags, project, signal)
    const made = await planRelease({ project, version, inputs: inputsOf(flags), scope, signal })
    const digest = planDigest(made)
    const out = stringFlag(flags, 'out')
    if (out !== undefined) await writePlanFile(resolve(cwd, out), made)
    if (terminal.json) terminal.print(JSON.stringify({ digest, plan: made }, null, 2))
    else for (const line of planLines(made, digest, terminal)) terminal.print(line)

    const blocker = blockerOf(made)
    if (blocker !== undefined) {
      terminal.note(`\n${failureText(blocker)}`)
      return blocker.name === 'Refusal' ? exitCodes.refused : exitCodes.repair
    }
    const next = out === undefined ? version : `${version} --plan ${out}`
    terminal.note(isAlreadyTrue(made) ? `\nNext: hawser verify ${version}` : `\nNext: hawser release ${next}`)
    return exitCodes.done
  },
}
