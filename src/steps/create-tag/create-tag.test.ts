import { expect, test } from 'vitest'
import type { Tag } from '../../forge/forge.ts'
import type { StepContext } from '../../pipeline/step.ts'
import { sampleChoice } from '../sample-converge.ts'
import { sampleId } from '../sample-forge.ts'
import { createTag } from './create-tag.ts'

const tagAt = (number: number): Tag => ({
  name: '1.2.0',
  commit: sampleId(number),
  annotated: true,
  signed: false,
})

/** The run is of the first commit, the change that was merged before is the second. */
function decide(tag: Tag, more: Partial<StepContext>) {
  const options = { forge: sampleChoice, tag: '1.2.0', message: '1.2.0', commitFrom: 'merged' }
  const context: StepContext = {
    run: { project: 'app', version: '1.2.0', commit: sampleId(1), epoch: 0 },
    root: '/project',
    results: {},
    signal: new AbortController().signal,
    log: () => undefined,
    maskSecret: () => undefined,
    environment: {},
    now: () => new Date(0),
    ...more,
  }
  return createTag.decide(options, { state: 'present', evidence: tag }, context)
}

const execution = { runId: 'app/1.2.0#1', node: 'tag' }
const merged = { results: { merged: { commit: sampleId(2) } } }

test('the tag of an interrupted release is no obstacle to a plan that cannot know its commit yet', () => {
  expect(decide(tagAt(2), {})).toEqual({ kind: 'create', summary: 'tag 1.2.0 at the commit of "merged"' })
})

test('once the commit is known, a tag elsewhere is refused', () => {
  expect(decide(tagAt(3), merged)).toMatchObject({ kind: 'refuse', code: 'TAG_ELSEWHERE' })
  expect(decide(tagAt(2), merged).kind).toBe('keep')
})

test('in a run, a change that was left out brings no commit', () => {
  expect(decide(tagAt(2), { execution })).toMatchObject({ kind: 'refuse', code: 'TAG_ELSEWHERE' })
  expect(decide(tagAt(1), { execution }).kind).toBe('keep')
})
