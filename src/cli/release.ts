import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { exitCodes, UserError } from '../errors.ts'
import type { Plan } from '../pipeline/plan.ts'
import { planDigest } from '../pipeline/plan-digest.ts'
import { readPlanFile } from '../release/plan-file.ts'
import { planRelease } from '../release/prepare.ts'
import { findProject } from '../release/project.ts'
import { blockerOf, isAlreadyTrue, refuseMoved, runPlan } from '../release/run-release.ts'
import { waiverIn } from '../release/scope.ts'
import { type Command, type CommandInput, stringFlag } from './command.ts'
import { endOfRun, interrupted } from './end-of-run.ts'
import { waitFlag, waitsForPeople } from './gates.ts'
import { inputFlags, inputsOf } from './inputs.ts'
import { progress } from './progress.ts'
import { planLines } from './render-plan.ts'
import { scopeFlags, scopeOf } from './scope.ts'
import { versionOf } from './version-word.ts'

export const release: Command = {
  name: 'release',
  usage: 'VERSION|next',
  describe: 'Plans, shows the plan, asks, then does exactly that. Run it again after anything: it finishes.',
  words: [1, 1],
  flags: {
    ...inputFlags,
    ...scopeFlags,
    plan: {
      type: 'string',
      value: 'FILE',
      describe: 'Do this plan; refuse when the world moved since it was made.',
    },
    yes: { type: 'boolean', short: 'y', describe: 'Do not ask.' },
    ...waitFlag,
  },
  async run(input) {
    const { words, flags, terminal, environment, cwd, signal } = input
    const project = await findProject({ cwd, environment })
    const version = await versionOf(words[0] ?? '', { project, flags, terminal, signal })
    const planFile = stringFlag(flags, 'plan')
    const read = planFile === undefined ? undefined : (await readPlanFile(resolve(cwd, planFile))).plan
    const waived = read === undefined ? undefined : waiverIn(read)
    const scope = {
      ...(await scopeOf(flags, project, signal)),
      ...(waived !== undefined && { waiver: waived }),
    }
    const made = await planRelease({ project, version, inputs: inputsOf(flags), scope, signal })
    if (read !== undefined) refuseMoved(read, made)
    const approved = read ?? made
    if (!terminal.json) for (const line of planLines(made, planDigest(made), terminal)) terminal.note(line)

    const blocker = blockerOf(made)
    if (blocker !== undefined) throw blocker
    if (isAlreadyTrue(made)) return alreadyTrue(made, input)
    if (flags['yes'] !== true && planFile === undefined) await confirm(input)
    const observer = progress(terminal)
    try {
      return endOfRun(
        await runPlan(approved, { project, signal, observer, ...waitsForPeople(flags) }),
        terminal,
      )
    } catch (error) {
      if (signal.aborted) return interrupted(terminal)
      throw error
    } finally {
      observer.end()
    }
  },
}

function alreadyTrue({ run }: Plan, { terminal }: CommandInput): number {
  if (terminal.json)
    terminal.print(JSON.stringify({ status: 'published', version: run.version, changed: false }))
  else terminal.print(`Everything of ${run.project} ${run.version} is already true; nothing was written.`)
  terminal.beside.summarise(
    `### ${run.project} ${run.version}: everything is already true; nothing was written.\n`,
  )
  terminal.note(`Next: hawser verify ${run.version}`)
  return exitCodes.done
}

export async function confirm({ terminal, signal }: CommandInput): Promise<void> {
  if (!terminal.isInteractive || process.stdin.isTTY !== true) {
    throw new UserError('CONFIRMATION_NEEDED', 'Nobody is here to confirm the plan.', {
      hint: 'Add --yes, or make a plan first (hawser plan VERSION --out FILE) and give it with --plan FILE.',
    })
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await prompt.question('\nDo this? Type "yes": ', { signal })
    if (answer.trim().toLowerCase() === 'yes') return
  } finally {
    prompt.close()
  }
  throw new UserError('NOT_CONFIRMED', 'The plan was not confirmed; nothing was written.', {
    hint: 'Run the command again when the plan is right.',
  })
}
