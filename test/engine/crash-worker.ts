import { randomUUID } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { openRestateEngine } from '../../src/engine/restate/restate-engine.ts'
import type { StepTask } from '../../src/pipeline/engine.ts'
import type { Plan } from '../../src/pipeline/plan.ts'

/**
 * A process that runs releases until all have ended, and may be killed at any moment: `folder log plans.json`. Each
 * execution writes its nonce when it begins and when it ends, with the results that it was given.
 */
const [folder = '', log = '', plansFile = ''] = process.argv.slice(2)
const plans: readonly Plan[] = JSON.parse(readFileSync(plansFile, 'utf8'))
const note = (entry: object): void => appendFileSync(log, `${JSON.stringify(entry)}\n`)

const engine = await openRestateEngine({
  folder,
  codeVersion: '1',
  onNotice: (text) => note({ notice: text }),
  execute: async (task: StepTask, signal: AbortSignal) => {
    const about = { run: task.runId, node: task.node.id, nonce: randomUUID() }
    note({ at: 'start', ...about, results: task.results })
    await wait(5 + Math.random() * 40, undefined, { signal })
    note({ at: 'end', ...about })
    return { status: 'done', did: 'create', summary: 'made', result: about.nonce }
  },
})
process.send?.({ server: engine.serverPid() })
for (const plan of plans) {
  const key = { project: plan.run.project, version: plan.run.version }
  if ((await engine.get(key)) === undefined) await engine.start(plan)
}
process.send?.({ started: plans.length })
await Promise.all(
  plans.map(async ({ run: { project, version } }) => {
    for await (const run of engine.watch({ project, version }, new AbortController().signal)) {
      if (run.endedAt !== undefined) note({ ended: run })
    }
  }),
)
await engine.close()
process.exit(0)
