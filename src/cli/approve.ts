import { exitCodes, UserError } from '../errors.ts'
import { type Decided, decideGate } from '../release/decide-gate.ts'
import { findProject, type Project } from '../release/project.ts'
import { type PullRequestDecision, pullRequestDecision } from '../release/pull-request-decision.ts'
import { type Command, type CommandInput, type Flag, stringFlag } from './command.ts'
import type { Terminal } from './terminal.ts'

const flags = {
  reason: { type: 'string', value: 'TEXT', describe: 'Why; kept with the run for ever.' },
  'pull-request': {
    type: 'string',
    value: 'NUMBER',
    describe: 'Take over what was decided there: by merging or closing it, or by the review of a code owner.',
  },
  plan: {
    type: 'string',
    value: 'DIGEST',
    describe: 'Decide only about the plan with this digest (or its beginning).',
  },
} satisfies Record<string, Flag>

const usage = 'GATE --reason TEXT [VERSION]'

export const approve: Command = {
  name: 'approve',
  usage,
  describe:
    'Lets a run go on that waits at a gate. The approval is about its plan and its artifacts, and lapses with them.',
  words: [1, 2],
  flags,
  run: (input) => decide('approve', input),
}

export const reject: Command = {
  name: 'reject',
  usage,
  describe: 'Stops a run that waits at a gate. What it did stays and is recorded.',
  words: [1, 2],
  flags,
  run: (input) => decide('reject', input),
}

async function decide(decision: 'approve' | 'reject', input: CommandInput): Promise<number> {
  const { words, flags: given, terminal, environment, cwd, signal } = input
  const [gate = '', version] = words
  const project = await findProject({ cwd, environment })
  const pull = await takenOver(decision, project, input)
  const reason = stringFlag(given, 'reason')?.trim() || pull?.reason
  if (reason === undefined) {
    throw new UserError('REASON_MISSING', `"hawser ${decision}" needs a reason.`, {
      hint: `Write why, for those who ask later: hawser ${decision} ${gate} --reason TEXT.`,
    })
  }
  const observer = { changed: () => undefined, log: () => undefined, notice: () => undefined }
  const asked = { gate, decision, reason, version, planDigest: stringFlag(given, 'plan') }
  const elsewhere = pull === undefined ? {} : { elsewhere: { by: pull.by, decidedBy: pull.decidedBy } }
  const decided = await decideGate({ ...asked, ...elsewhere }, { project, signal, observer })
  if (terminal.json) terminal.print(JSON.stringify({ run: decided.run.id, gate, ...decided.made }, null, 2))
  else show(gate, decided, terminal)
  return exitCodes.done
}

async function takenOver(
  decision: 'approve' | 'reject',
  project: Project,
  { flags: given, terminal, signal }: CommandInput,
): Promise<PullRequestDecision | undefined> {
  const written = stringFlag(given, 'pull-request')
  if (written === undefined) return undefined
  const number = /^#?([1-9]\d{0,9})$/.exec(written)?.[1]
  if (number === undefined) {
    throw new UserError('USAGE_PULL_REQUEST', `"${written}" is no number of a pull request.`, {
      hint: 'Write it as on its page, for example --pull-request 12.',
    })
  }
  return pullRequestDecision(Number(number), decision, { project, signal, log: terminal.note })
}

function show(gate: string, { run, made, artifacts, heldBy }: Decided, terminal: Terminal): void {
  const did = made.decision === 'approve' ? 'Approved' : 'Rejected'
  terminal.print(`${did} "${gate}" of ${run.id} as ${made.by}.`)
  terminal.note(`  plan ${made.planDigest}`)
  for (const [what, digest] of Object.entries(artifacts)) terminal.note(`  ${what} ${digest}`)
  const { version } = run.plan.run
  if (heldBy !== undefined) terminal.note(`The process ${heldBy} goes on with it.`)
  else terminal.note(`Next: hawser ${run.endedAt === undefined ? 'resume' : 'status'} ${version}`)
}
