import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface Timed {
  readonly seconds: number
  readonly cpuSeconds: number
  /** Of the largest process. */
  readonly peakMiB: number
  /** What the processes and the kernel for them wrote to the file system. */
  readonly writtenBytes: number
}

export interface Work {
  /** Runs in a shell; what it prints is thrown away. */
  readonly command: string
  readonly cwd?: string
  readonly environment?: NodeJS.ProcessEnv
}

const run = promisify(execFile)

/** One whole command under time(1); servers of this process go on answering. */
export async function timed({ command, cwd, environment }: Work): Promise<Timed> {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-timed-'))
  try {
    const report = join(folder, 'time')
    const args = ['-o', report, '-f', '%e %U %S %M %O', 'sh', '-ec', command]
    const start = performance.now()
    await run('/usr/bin/time', args, {
      cwd,
      env: { ...process.env, ...environment },
      maxBuffer: 1 << 28,
    })
    const seconds = (performance.now() - start) / 1000
    const [, user = 0, system = 0, peakKiB = 0, blocks = 0] = readFileSync(report, 'utf8')
      .trim()
      .split(' ')
      .map(Number)
    return { seconds, cpuSeconds: user + system, peakMiB: peakKiB / 1024, writtenBytes: blocks * 512 }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export function median(results: readonly Timed[]): Timed {
  const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
  return {
    seconds: middle(results.map(({ seconds }) => seconds)),
    cpuSeconds: middle(results.map(({ cpuSeconds }) => cpuSeconds)),
    peakMiB: middle(results.map(({ peakMiB }) => peakMiB)),
    writtenBytes: middle(results.map(({ writtenBytes }) => writtenBytes)),
  }
}
