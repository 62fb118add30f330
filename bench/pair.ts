import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One side of a comparison: a command that does the whole work in a process of its own. */
export interface Contender {
  readonly name: string
  readonly command: readonly string[]
  /** Removes what an earlier run left behind; not measured. */
  prepare?(): void
  /** Size of what was made, shown beside the time. */
  outputBytes?(): number
}

export interface Measurement {
  readonly seconds: number
  readonly cpuSeconds: number
  /** Of the largest process. */
  readonly peakMiB: number
}

export interface Comparison {
  readonly ours: Measurement
  readonly peer: Measurement
  /** Our time divided by the peer's. */
  readonly ratio: number
}

/** Runs both in turns, so that a busy machine is busy for both, and prints medians and their ratio. */
export function compare(
  title: string,
  { ours, peer, runs, goal }: { ours: Contender; peer: Contender; runs: number; goal: number },
): Comparison {
  const times: { ours: Measurement[]; peer: Measurement[] } = { ours: [], peer: [] }
  for (let run = 0; run < runs; run += 1) {
    // Who goes first alternates: the second one finds warmer caches.
    const order = run % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)
    for (const side of order) times[side].push(measure(side === 'ours' ? ours : peer))
  }
  const result = { ours: median(times.ours), peer: median(times.peer) }
  const ratio = result.ours.seconds / result.peer.seconds
  console.log(`${title} (${runs} runs each, medians)`)
  console.log(line(ours, result.ours))
  console.log(line(peer, result.peer))
  console.log(
    `  ratio ${ratio.toFixed(2)}, goal ${goal.toFixed(2)}: ${ratio <= goal ? 'reached' : 'MISSED'}\n`,
  )
  return { ...result, ratio }
}

/** Runs the command once under time(1). */
export function measure({ name, command, prepare }: Contender): Measurement {
  prepare?.()
  const folder = mkdtempSync(join(tmpdir(), 'hawser-bench-'))
  try {
    const report = join(folder, 'time')
    const done = spawnSync('/usr/bin/time', ['-o', report, '-f', '%e %U %S %M', ...command], {
      encoding: 'utf8',
    })
    if (done.status !== 0) throw new Error(`${name} failed: ${done.stderr}${done.stdout}`)
    const [seconds = 0, user = 0, system = 0, peakKiB = 0] = readFileSync(report, 'utf8')
      .trim()
      .split(' ')
      .map(Number)
    return { seconds, cpuSeconds: user + system, peakMiB: peakKiB / 1024 }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function median(measurements: readonly Measurement[]): Measurement {
  const middle = (values: number[]): number =>
    values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
  return {
    seconds: middle(measurements.map(({ seconds }) => seconds)),
    cpuSeconds: middle(measurements.map(({ cpuSeconds }) => cpuSeconds)),
    peakMiB: middle(measurements.map(({ peakMiB }) => peakMiB)),
  }
}

function line({ name, outputBytes }: Contender, { seconds, cpuSeconds, peakMiB }: Measurement): string {
  const size = outputBytes === undefined ? '' : `, ${(outputBytes() / 1e6).toFixed(1)} MB made`
  return `  ${name.padEnd(12)} ${seconds.toFixed(2)} s (${cpuSeconds.toFixed(1)} s of CPU, ${peakMiB.toFixed(0)} MiB${size})`
}
