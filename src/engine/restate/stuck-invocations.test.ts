import { expect, test } from 'vitest'
import { stuckNotices } from './stuck-invocations.ts'

test('what is paused or tried too often is told once', () => {
  const told = new Set<string>()
  const rows = [
    { target: 'release/a/start', status: 'paused', retry_count: 1, last_failure: 'journal mismatch' },
    { target: 'step/execute', status: 'backing-off', retry_count: 3, last_failure: 'worker restarts' },
    { target: 'release/b/settled', status: 'backing-off', retry_count: 21, last_failure: null },
  ]

  expect(stuckNotices(rows, told)).toEqual([
    'The engine does not get on with release/a/start (paused): journal mismatch',
    'The engine does not get on with release/b/settled (backing-off): no reason given',
  ])
  expect(stuckNotices(rows, told)).toEqual([])
})
