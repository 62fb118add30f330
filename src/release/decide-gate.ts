import { Refusal, UserError } from '../errors.ts'
import { artifactsBefore, type GateArtifacts } from '../pipeline/gate-evidence.ts'
import type { GateDecision, Run } from '../pipeline/run.ts'
import { deciderOf } from './decider.ts'
import { findRun, keyOf, noSteps, type RunRequest, withEngine } from './run-release.ts'

export interface GateRequest {
  readonly gate: string
  readonly decision: GateDecision['decision']
  readonly reason: string
  /** Without it: the release that waits at this gate. */
  readonly version: string | undefined
  /** The beginning of the digest of the plan that was looked at; another plan is refused. */
  readonly planDigest: string | undefined
  /** Who decided elsewhere; without it: whoever types the command. */
  readonly elsewhere?: Pick<Required<GateDecision>, 'by' | 'decidedBy'>
}

export interface Decided {
  readonly run: Run
  readonly made: GateDecision
  readonly artifacts: GateArtifacts
  /** The process that goes on with the run; nobody does, without one. */
  readonly heldBy: number | undefined
}

/** Decides a gate of a run, whoever executes it. Nothing of the run is executed here. */
export async function decideGate(asked: GateRequest, request: RunRequest): Promise<Decided> {
  const { project, signal } = request
  const typedBy = await deciderOf(project, signal)
  const { by, ...evidence } = takenOver(asked.elsewhere, typedBy)
  return withEngine(request, noSteps, async (engine, heldBy) => {
    const runs = await engine.list()
    const run = asked.version === undefined ? waitingAt(asked.gate, runs) : undefined
    const found = run ?? (await findRun(engine, asked.version))
    checkOpen(found, asked)
    const artifacts = artifactsBefore(asked.gate, found.plan, found.nodes)
    const made: GateDecision = {
      decision: asked.decision,
      by,
      reason: asked.reason,
      at: project.now().toISOString(),
      planDigest: found.planDigest,
      artifacts,
      ...evidence,
    }
    return { run: await engine.signal(keyOf(found.plan), asked.gate, made), made, artifacts, heldBy }
  })
}

const takenOver = (
  elsewhere: GateRequest['elsewhere'],
  typedBy: string,
): Pick<GateDecision, 'by' | 'decidedBy'> =>
  elsewhere === undefined
    ? { by: typedBy }
    : { by: `${elsewhere.by}, taken over by ${typedBy}`, decidedBy: elsewhere.decidedBy }

function waitingAt(gate: string, runs: readonly Run[]): Run | undefined {
  const waiting = runs.filter(({ nodes, endedAt }) => endedAt === undefined && nodes[gate]?.status === 'open')
  if (waiting.length <= 1) return waiting[0]
  const versions = waiting.map(({ plan }) => plan.run.version)
  throw new UserError(
    'GATE_AMBIGUOUS',
    `The gate "${gate}" is open in several releases: ${versions.join(', ')}.`,
    { hint: `Name the version, for example: ${gate} --reason TEXT ${versions[0]}.` },
  )
}

/** What the engine would refuse, told in the words of a person; and what it would accept, though nobody could have looked. */
function checkOpen(run: Run, { gate, decision, planDigest }: GateRequest): void {
  if (planDigest !== undefined && !matches(run.planDigest, planDigest)) {
    throw new Refusal(
      'GATE_OTHER_PLAN',
      `The run ${run.id} has the plan ${run.planDigest}, not ${planDigest}.`,
      { hint: 'Look at the plan of the run (hawser status --json), then decide again.' },
    )
  }
  if (run.endedAt !== undefined) {
    throw new UserError('RUN_ENDED', `The run ${run.id} has ended: ${run.status}.`, {
      hint: 'There is nothing to decide. A new run asks anew: hawser release.',
    })
  }
  if (decision === 'reject' || run.nodes[gate]?.status !== 'waiting') return
  const needs = run.plan.nodes.find(({ id }) => id === gate)?.needs ?? []
  const missing = needs.filter((id) => run.nodes[id]?.status !== 'done')
  throw new UserError('GATE_NOT_OPEN', `The gate "${gate}" of ${run.id} is not open yet.`, {
    hint: `It comes after ${missing.join(', ')}. What they make is part of what is approved; "hawser status" says when they are done.`,
  })
}

const matches = (digest: string, beginning: string): boolean =>
  digest.startsWith(beginning) || digest.startsWith(`sha256:${beginning}`)
