import { expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import type { Json } from '../../lib/json.ts'
import type { StepContext } from '../../pipeline/step.ts'
import { jobSpec } from './job-spec.ts'
import { options } from './options.ts'

const commit = 'c'.repeat(40)
const head = 'a'.repeat(40)

const context = (results: { readonly [step: string]: Json }): StepContext => ({
  run: { project: 'app', version: '1.2.0', commit, epoch: 1_700_000_000 },
  ...{ root: '/project', environment: {}, results },
  execution: { runId: 'app/1.2.0#1', node: 'test' },
  runStartedAt: new Date(1_700_000_000_000),
  signal: new AbortController().signal,
  log: () => undefined,
  maskSecret: () => undefined,
  now: () => new Date(1_700_000_000_000),
})

const forge = { provider: 'local', options: {} }
const written = (more: object) =>
  options.parse({
    name: 'integration',
    job: { provider: 'process', options: { run: 'true' } },
    forge,
    ...more,
  })

test('a job is about the commit of the run', () => {
  expect(jobSpec(written({}), 1, context({})).commit).toBe(commit)
})

test('a job may be about the head of what a step proposed', () => {
  const results = { consume: { base: 'main', owners: [], pullRequest: 7, headCommit: head } }

  expect(jobSpec(written({ headFrom: 'consume' }), 1, context(results)).commit).toBe(head)
})

test('where nothing was proposed there is nothing to test', async () => {
  let error: unknown
  try {
    jobSpec(written({ headFrom: 'consume' }), 1, context({}))
  } catch (thrown) {
    error = thrown
  }

  await expect(`${failureText(error)}\n`).toMatchFileSnapshot('testdata/errors/job-head.txt')
})
