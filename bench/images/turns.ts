import { median, type Timed, timed } from '../repositories/timed.ts'

/** One side of a comparison: a shell command that does the whole work in processes of its own. */
export interface Side {
  readonly name: string
  readonly command: string
  /** Makes the world as it was; not measured. */
  prepare?(): Promise<void>
}

export interface Turns {
  readonly title: string
  readonly ours: Side
  readonly peer: Side
  readonly runs: number
  /** Our time divided by the peer's. */
  readonly goal: number
}

/** Runs both in turns, so that a busy machine is busy for both, and prints medians and their ratio. Gives ours. */
export async function inTurns({
  title,
  ours,
  peer,
  runs,
  goal,
}: Turns): Promise<{ ours: Timed; peer: Timed }> {
  const results: { readonly ours: Timed[]; readonly peer: Timed[] } = { ours: [], peer: [] }
  // The first turn warms caches and does not count.
  for (let turn = 0; turn <= runs; turn += 1) {
    const order = turn % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)
    for (const side of order) {
      const { prepare, command } = side === 'ours' ? ours : peer
      await prepare?.()
      const result = await timed({ command })
      if (turn > 0) results[side].push(result)
    }
  }
  const medians = { ours: median(results.ours), peer: median(results.peer) }
  const ratio = medians.ours.seconds / medians.peer.seconds
  console.log(`${title} (${runs} runs each, medians)`)
  console.log(line(ours.name, medians.ours))
  console.log(line(peer.name, medians.peer))
  console.log(
    `  ratio ${ratio.toFixed(2)}, goal ${goal.toFixed(2)}: ${ratio <= goal ? 'reached' : 'MISSED'}\n`,
  )
  return medians
}

export const line = (name: string, { seconds, cpuSeconds, peakMiB }: Timed): string =>
  `  ${name.padEnd(16)} ${seconds.toFixed(3)} s (${cpuSeconds.toFixed(2)} s of CPU, ${peakMiB.toFixed(0)} MiB)`
