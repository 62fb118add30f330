import { expect, test } from 'vitest'
import type { Run } from '../../pipeline/run.ts'
import { samplePlan, sampleStep } from '../../pipeline/sample-plan.ts'
import { startRun } from '../../pipeline/transitions.ts'
import type { RunRecord } from './run-hub.ts'
import { watchRun } from './watch.ts'

const run: Run = startRun(samplePlan([sampleStep('a')]), 1, new Date(0)).run
const at = (revision: number, endedAt?: string): RunRecord => ({
  revision,
  run: { ...run, startedAt: String(revision), ...(endedAt !== undefined && { endedAt }) },
})

function watching(read: () => RunRecord | undefined) {
  let hear: (record: RunRecord) => void = () => undefined
  const runs = watchRun({
    read: async () => read(),
    subscribe: (listener) => {
      hear = listener
      return () => undefined
    },
    pollMs: 20,
    signal: AbortSignal.timeout(10_000),
  })
  const revision = async (): Promise<number | undefined> => {
    const { value } = await runs.next()
    return value && Number(value.startedAt)
  }
  return { revision, hear: (record: RunRecord) => hear(record) }
}

test('changes are told in order and once, whether they are heard of or read', async () => {
  let committed = at(1)
  const watch = watching(() => committed)

  expect(await watch.revision()).toBe(1)
  watch.hear(at(3))
  watch.hear(at(2))
  watch.hear(at(2))
  expect(await watch.revision()).toBe(2)
  expect(await watch.revision()).toBe(3)
  committed = at(4)
  expect(await watch.revision()).toBe(4)
})

test('an end is told only when it is committed', async () => {
  let reads = 0
  const watch = watching(() => {
    reads += 1
    return reads < 4 ? at(1) : at(2, 'now')
  })

  expect(await watch.revision()).toBe(1)
  watch.hear(at(2, 'now'))
  expect(await watch.revision()).toBe(2)
  expect(reads).toBeGreaterThanOrEqual(4)
  expect(await watch.revision()).toBeUndefined()
})
