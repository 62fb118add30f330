import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { sampleGate, samplePlan, sampleStep } from '../pipeline/sample-plan.ts'
import { advance, startRun } from '../pipeline/transitions.ts'
import { ciChannel } from './ci-channel.ts'
import { endOfRun } from './end-of-run.ts'
import { terminal } from './terminal.ts'

const now = new Date('2026-01-02T03:04:05Z')

function failedRun() {
  const plan = samplePlan([sampleStep('build'), sampleGate('ok'), sampleStep('push', ['build', 'ok'])])
  const failure = {
    class: 'user',
    code: 'DISK_FULL',
    message: 'The disk | of <b>the</b> machine is 100% full:\nnothing fits.',
    hint: 'Free some.',
  } as const
  const outcome = { status: 'failed', failure } as const
  return advance(startRun(plan, 1, now).run, { type: 'settled', node: 'build', turn: 1, outcome }, now).run
}

function jobOf(environment: { readonly [name: string]: string }) {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-ci-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const summary = join(folder, 'summary.md')
  const log: string[] = []
  const stream = { write: (text: string) => log.push(text) > 0 } as unknown as NodeJS.WriteStream
  const shown = terminal({
    stdout: { write: () => true } as unknown as NodeJS.WriteStream,
    stderr: stream,
    environment: { ...environment, GITHUB_STEP_SUMMARY: summary },
    json: false,
    quiet: true,
  })
  return { terminal: shown, log: () => log.join(''), summary: () => readFileSync(summary, 'utf8') }
}

test('a run in GitHub Actions leaves annotations and a summary, also when it is told to be quiet', async () => {
  const job = jobOf({ GITHUB_ACTIONS: 'true' })

  const code = endOfRun(failedRun(), job.terminal)

  expect(code).toBe(3)
  await expect(job.log()).toMatchFileSnapshot('testdata/annotations.txt')
  await expect(job.summary()).toMatchFileSnapshot('testdata/step-summary.md')
})

test('elsewhere there is neither', () => {
  const job = jobOf({ CI: '1' })

  endOfRun(failedRun(), job.terminal)

  expect(job.log()).toBe('')
  expect(job.summary).toThrow('ENOENT')
})

test('no text of an annotation can begin a command of its own', () => {
  const lines: string[] = []
  const channel = ciChannel({ GITHUB_ACTIONS: 'true' }, (line) => void lines.push(line))

  channel.annotate('error', 'a,b::c', 'one\r\n::set-env name=X::%0A')

  expect(lines).toEqual(['::error title=a%2Cb%3A%3Ac::one%0D%0A::set-env name=X::%250A'])
})
