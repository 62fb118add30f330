import { exitCodes } from '../errors.ts'
import type { Plan } from '../pipeline/plan.ts'
import { planDigest } from '../pipeline/plan-digest.ts'
import type { Run } from '../pipeline/run.ts'
import { findProject, type Project } from '../release/project.ts'
import { interruptedRemoval, planRemoval } from '../release/replace.ts'
import { blockerOf, isAlreadyTrue, resumeRun, runPlan } from '../release/run-release.ts'
import { type Command, type CommandInput, stringFlag } from './command.ts'
import { endOfRun, interrupted } from './end-of-run.ts'
import { waitFlag } from './gates.ts'
import { inputFlags, inputsOf } from './inputs.ts'
import { progress } from './progress.ts'
import { confirm, release } from './release.ts'
import { planLines } from './render-plan.ts'
import { scopeFlags, scopeOf } from './scope.ts'

export const replace: Command = {
  name: 'replace',
  usage: 'VERSION',
  describe:
    'Removes the draft, assets and tag of a version, then releases it anew from this commit. A published release only by force; an immutable one never.',
  words: [1, 1],
  flags: {
    ...inputFlags,
    ...scopeFlags,
    reason: { type: 'string', value: 'TEXT', describe: 'Why; kept with the run for ever.' },
    'force-published': {
      type: 'boolean',
      describe: 'Replace a published release too, which people may have. Needs a reason.',
    },
    yes: { type: 'boolean', short: 'y', describe: 'Do not ask.' },
    ...waitFlag,
  },
  async run(input) {
    const { words, environment, cwd } = input
    const project = await findProject({ cwd, environment })
    const removed = await makeRoom(words[0] ?? '', project, input)
    return removed === exitCodes.done ? release.run(input) : removed
  },
}

/** Exit code `done` when nothing is in the way any more. */
async function makeRoom(version: string, project: Project, input: CommandInput): Promise<number> {
  const { flags, terminal, signal } = input
  const observer = progress(terminal)
  const request = { project, signal, observer }
  try {
    const before = await interruptedRemoval(version, request)
    if (before !== undefined) return end(await resumeRun(version, request), input)
    const plan = await planRemoval({
      project,
      version,
      inputs: inputsOf(flags),
      scope: await scopeOf(flags, project, signal),
      signal,
      reason: stringFlag(flags, 'reason')?.trim() || undefined,
      forcePublished: flags['force-published'] === true,
    })
    if (isAlreadyTrue(plan)) return exitCodes.done
    await show(plan, input)
    return end(await runPlan(plan, request), input)
  } catch (error) {
    if (signal.aborted) return interrupted(terminal)
    throw error
  } finally {
    observer.end()
  }
}

async function show(plan: Plan, input: CommandInput): Promise<void> {
  const { terminal, flags } = input
  if (!terminal.json) for (const line of planLines(plan, planDigest(plan), terminal)) terminal.note(line)
  const blocker = blockerOf(plan)
  if (blocker !== undefined) throw blocker
  if (flags['yes'] !== true) await confirm(input)
}

/** What was removed is only worth words when the release does not follow. */
const end = (run: Run, { terminal }: CommandInput): number =>
  run.status === 'published' ? exitCodes.done : endOfRun(run, terminal)
