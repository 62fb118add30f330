import { expect, test } from 'vitest'
import type { StepTask } from '../../pipeline/engine.ts'
import { samplePlan, sampleStep } from '../../pipeline/sample-plan.ts'
import { stepExecutions } from './executions.ts'

const node = sampleStep('a')
if ('gate' in node) throw new Error('A step was made')
const task: StepTask = { runId: 'hello/1.0.0#1', plan: samplePlan([node]), node, results: {}, attempt: 1 }
const never = new AbortController().signal

test('an attempt that the server forgot is over before the next one begins', async () => {
  const events: string[] = []
  const begun = Promise.withResolvers<void>()
  let attempt = 0
  const executions = stepExecutions(async (_task, signal) => {
    attempt += 1
    const name = `attempt ${attempt}`
    events.push(`${name} begins`)
    if (attempt === 1) {
      begun.resolve()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      await new Promise(setImmediate)
    }
    events.push(`${name} ends`)
    return { status: 'done', did: 'create', summary: 'made', result: name }
  })

  const zombie = executions.run(task, never)
  await begun.promise
  const outcome = await executions.run(task, never)

  expect(events).toEqual(['attempt 1 begins', 'attempt 1 ends', 'attempt 2 begins', 'attempt 2 ends'])
  expect(await zombie).toBeUndefined()
  expect(outcome).toMatchObject({ result: 'attempt 2' })
})

test('a stopped step is over when the stop returns, and reports nothing', async () => {
  let isOver = false
  const executions = stepExecutions(async (_task, signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    isOver = true
    throw signal.reason
  })

  const running = executions.run(task, never)
  await executions.stop({ runId: task.runId, node: 'a' })

  expect(isOver).toBe(true)
  expect(await running).toBeUndefined()
})

test('an attempt that is over before it began executes nothing', async () => {
  let executed = 0
  const executions = stepExecutions(async () => {
    executed += 1
    return { status: 'again', afterMs: 1, note: '' }
  })

  expect(await executions.run(task, AbortSignal.abort())).toBeUndefined()
  expect(executed).toBe(0)
})
