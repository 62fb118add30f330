import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JobRunner, JobState } from '../../src/jobs/job-runner.ts'
import { jobSpec, logOf, reached } from '../jobs/sample-job.ts'

export interface JobRunnerUnderTest {
  /** A new object over the same world each time, as another process would have it. */
  open(): JobRunner
  /** Starts it, where somebody else does that; lets the job end in this way. */
  end(how: 'well' | 'badly'): Promise<void>
  /** How often the job was begun. */
  starts(): Promise<number>
  close(): Promise<void>
}

/** What is true of every kind, whoever runs its jobs. */
export interface JobRunnerTraits {
  /** False where others start the job. */
  readonly isOurs: boolean
  readonly hasLogs: boolean
}

/** What every place where jobs run must do. `open` makes a new world with one job, which runs until it is told to end. */
export function jobRunnerContract(
  name: string,
  { isOurs, hasLogs }: JobRunnerTraits,
  open: () => Promise<JobRunnerUnderTest>,
): void {
  // Other kinds do not promise it.
  const testOurs = isOurs ? test : unpromised
  const testLogs = hasLogs ? test : unpromised
  describe(`${name} jobs`, () => {
    let subject: JobRunnerUnderTest
    beforeEach(async () => {
      subject = await open()
    })
    afterEach(() => subject.close())

    test('a job runs until it ends well, and another process sees it', async () => {
      await subject.open().start(jobSpec())
      expect((await subject.open().poll(jobSpec())).state).toBe('running')

      await subject.end('well')

      const state = await reached(subject.open(), jobSpec(), 'succeeded', 'failed')
      expect(state).toMatchObject({ state: 'succeeded', outputs: {} })
      expect(await subject.open().poll(jobSpec())).toEqual(state)
    })

    test('a job that fails says why', async () => {
      await subject.open().start(jobSpec())

      await subject.end('badly')

      const state = (await reached(subject.open(), jobSpec(), 'succeeded', 'failed')) as JobState & {
        reason: string
      }
      expect(state.state).toBe('failed')
      expect(state.reason).not.toBe('')
    })

    testOurs('a job that nobody started is absent, and cancelling it is no error', async () => {
      expect(await subject.open().poll(jobSpec())).toEqual({ state: 'absent' })
      await subject.open().cancel(jobSpec())
      expect(await subject.open().poll(jobSpec())).toEqual({ state: 'absent' })
    })

    testOurs('of many who start one job, one does, also when it has ended', async () => {
      await Promise.all(Array.from({ length: 4 }, () => subject.open().start(jobSpec())))
      await subject.end('well')
      await reached(subject.open(), jobSpec(), 'succeeded')
      await subject.open().start(jobSpec())

      expect(await subject.starts()).toBe(1)
    })

    testOurs('another key is another job', async () => {
      await subject.open().start(jobSpec())

      expect(await subject.open().poll(jobSpec({ key: 'hello/1.0.0#2 test 1' }))).toEqual({ state: 'absent' })
    })

    testOurs('a cancelled job ends, and stays ended', async () => {
      await subject.open().start(jobSpec())

      await subject.open().cancel(jobSpec())

      const state = await reached(subject.open(), jobSpec(), 'cancelled', 'failed')
      await subject.open().cancel(jobSpec())
      expect(await subject.open().poll(jobSpec())).toEqual(state)
    })

    testLogs('the log can be read from anywhere in it', async () => {
      await subject.open().start(jobSpec())
      await subject.end('well')
      await reached(subject.open(), jobSpec(), 'succeeded')

      const whole = await logOf(subject.open(), jobSpec())

      expect(whole).toContain('hello from the job')
      expect(await logOf(subject.open(), jobSpec(), 6)).toBe(whole.slice(6))
      expect(await logOf(subject.open(), jobSpec(), 10_000)).toBe('')
    })
  })
}

const unpromised = (_claim: string, _body: () => Promise<void>): void => undefined
