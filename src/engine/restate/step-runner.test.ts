import { expect, test } from 'vitest'
import type { StepExecutor, StepTask } from '../../pipeline/engine.ts'
import { samplePlan, sampleStep } from '../../pipeline/sample-plan.ts'
import { stepExecutions } from './executions.ts'
import type { ExecuteMessage, SettledMessage } from './messages.ts'
import { type StepRunner, stepRunner } from './step-runner.ts'

const node = sampleStep('a')
if ('gate' in node) throw new Error('A step was made')
const task: StepTask = { runId: 'hello/1.0.0#1', plan: samplePlan([node]), node, results: {}, attempt: 1 }
const message: ExecuteMessage = { release: 'hello/1.0.0', runId: task.runId, node: 'a', turn: 1 }
const never = new AbortController().signal

interface Parts {
  readonly execute?: StepExecutor
  readonly isOpen?: () => boolean
  readonly accept?: (told: SettledMessage) => Promise<boolean>
}

function runnerOf({ execute = done, isOpen = () => true, accept = async () => true }: Parts) {
  const executed: number[] = []
  const reported: SettledMessage[] = []
  const executions = stepExecutions((work, signal) => {
    executed.push(executed.length + 1)
    return execute(work, signal)
  })
  const runner: StepRunner = stepRunner(
    executions,
    async () => (isOpen() ? task : undefined),
    async (_release, told) => {
      reported.push(told)
      return accept(told)
    },
  )
  return { runner, executed, reported }
}

const done: StepExecutor = async () => ({ status: 'done', did: 'create', summary: 'made', result: 'x' })

test('a step that was begun early is not executed again when its message comes', async () => {
  const { runner, executed, reported } = runnerOf({})

  runner.begin(message, task)
  await runner.finish(message, never)
  await runner.finish(message, never)

  expect(executed).toEqual([1])
  expect(reported.map(({ event }) => event.type)).toEqual(['settled'])
})

test('what the release has gone on without is not executed', async () => {
  const { runner, executed } = runnerOf({ isOpen: () => false })

  await runner.finish(message, never)

  expect(executed).toEqual([])
})

test('an attempt that ends while the task is read executes nothing', async () => {
  const attempt = new AbortController()
  const { runner, executed } = runnerOf({
    isOpen: () => {
      attempt.abort()
      return true
    },
  })

  await expect(runner.finish(message, attempt.signal)).rejects.toThrow('aborted')
  expect(executed).toEqual([])
})

test('a step whose attempt is over reports nothing, and the next attempt executes it again', async () => {
  const begun = Promise.withResolvers<void>()
  let isFirst = true
  const { runner, executed, reported } = runnerOf({
    execute: async (work, signal) => {
      if (!isFirst) return done(work, signal)
      isFirst = false
      begun.resolve()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      throw signal.reason
    },
  })
  const attempt = new AbortController()

  const first = runner.finish(message, attempt.signal)
  await begun.promise
  attempt.abort()
  await expect(first).rejects.toThrow('The attempt is over')
  await runner.finish(message, never)

  expect(executed).toEqual([1, 2])
  expect(reported).toHaveLength(1)
})

test('an outcome that could not be reported is found out again', async () => {
  let isReachable = false
  const { runner, executed } = runnerOf({
    accept: async () => {
      if (!isReachable) throw new Error('gone')
      return true
    },
  })

  await expect(runner.finish(message, never)).rejects.toThrow('gone')
  isReachable = true
  await runner.finish(message, never)

  expect(executed).toEqual([1, 2])
})

test('a result that the server refuses fails the step', async () => {
  const { runner, reported } = runnerOf({
    accept: async ({ event }) => event.type === 'settled' && event.outcome.status !== 'done',
  })

  await runner.finish(message, never)

  expect(reported.at(-1)?.event).toMatchObject({ outcome: { failure: { code: 'ENGINE_RECORD' } } })
})

test('the next turn of a step is an execution of its own', async () => {
  const { runner, executed } = runnerOf({})

  await runner.finish(message, never)
  await runner.finish({ ...message, turn: 2 }, never)

  expect(executed).toEqual([1, 2])
  expect(runner.isOurs({ runId: task.runId, node: 'a', turn: 2 })).toBe(true)
  expect(runner.isOurs({ runId: task.runId, node: 'b', turn: 1 })).toBe(false)
})
