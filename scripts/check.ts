// npm run check: types, lint, format, dependency direction and unit tests; all of them even when one fails.
import { spawn } from 'node:child_process'

const checks: readonly (readonly [string, ...string[]])[] = [
  ['tsc', '-p', '.'],
  ['biome', 'ci', '--error-on-warnings', '.'],
  ['vitest', 'run', '--project', 'unit'],
]

const results: boolean[] = []
for (const [command, ...args] of checks) {
  const startedAt = performance.now()
  const code = await new Promise<number>((resolve) => {
    spawn(command, args, { stdio: 'inherit' }).once('close', (status) => resolve(status ?? 1))
  })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.error(`${code === 0 ? 'ok    ' : 'FAILED'} ${command} ${args.join(' ')} (${seconds} s)`)
  results.push(code === 0)
}
process.exit(results.every(Boolean) ? 0 : 1)
