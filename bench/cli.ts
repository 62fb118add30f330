// How long `hawser --help` takes, beside a Node that does nothing.
import { compare } from './pair.ts'

const hawser = new URL('../bin/hawser.js', import.meta.url).pathname
const result = compare('hawser --help', {
  ours: { name: 'hawser --help', command: [process.execPath, hawser, '--help'] },
  peer: { name: 'node -e 0', command: [process.execPath, '-e', '0'] },
  runs: 15,
  goal: 3,
})
const goalMs = 120
const ms = result.ours.seconds * 1000
console.log(`hawser --help ${ms.toFixed(0)} ms, goal ${goalMs} ms: ${ms <= goalMs ? 'reached' : 'MISSED'}`)
