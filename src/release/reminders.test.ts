import { expect, test } from 'vitest'
import { sampleGate, samplePlan, sampleStep } from '../pipeline/sample-plan.ts'
import { startRun } from '../pipeline/transitions.ts'
import { dueReminders } from './reminders.ts'

const start = new Date('2026-01-02T03:00:00Z')
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
const { run } = startRun(samplePlan([sampleStep('a'), sampleGate('ok', [], 100_000)]), 1, start)

test('people are reminded when half, three quarters and nine tenths of the time have passed, once each', () => {
  const told: number[] = []
  for (let second = 1; second < 100; second += 1) {
    if (dueReminders(run, after(second - 1), after(second)).length > 0) told.push(second)
  }

  expect(told).toEqual([50, 75, 90])
})

test('a reminder says what is asked, until when, and what to type', () => {
  expect(dueReminders(run, after(49), after(60))).toEqual([
    'hello 1.0.0 still waits at "ok" until 2026-01-02T03:01:40.000Z: approval Decide with "hawser approve ok --reason TEXT 1.0.0", or reject.',
  ])
})

test('steps that run need nobody', () => {
  expect(
    dueReminders({ ...run, nodes: { ...run.nodes, ok: { status: 'cancelled' } } }, start, after(99)),
  ).toEqual([])
})
