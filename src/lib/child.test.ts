import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { allowedEnvironment, type ChildOptions, runChild } from './child.ts'

const options: ChildOptions = {
  cwd: tmpdir(),
  environment: allowedEnvironment(process.env),
  timeoutMs: 10_000,
  outputBytesMax: 1 << 20,
}
const shell = (script: string, change: Partial<ChildOptions> = {}) =>
  runChild('/bin/sh', ['-c', script], { ...options, ...change })

test('the output, the messages and the exit code of a child are told apart', async () => {
  const { end, stdout, stderr } = await shell('echo out; echo err >&2; exit 3')

  expect({ end, stdout: stdout.toString(), stderr }).toEqual({
    end: { kind: 'exit', code: 3 },
    stdout: 'out\n',
    stderr: 'err\n',
  })
})

test('input reaches the child, byte for byte', async () => {
  const input = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251)

  expect(new Uint8Array((await shell('cat', { input })).stdout)).toEqual(input)
})

test('a child that does not read its input is no failure of ours', async () => {
  expect((await shell('exit 0', { input: Buffer.alloc(5 << 20) })).end).toEqual({ kind: 'exit', code: 0 })
})

describe('a child ends', () => {
  test('at the time limit, with everything that it started', async () => {
    // The pipe stays open as long as any process of the group lives, so this also proves that none does.
    const { end, stdout } = await shell('echo started; sleep 600 & sleep 600', { timeoutMs: 200 })

    expect(end).toEqual({ kind: 'timeout' })
    expect(stdout.toString()).toBe('started\n')
  })

  test('at the limit of its output', async () => {
    const { end, stdout } = await shell('yes', { outputBytesMax: 100_000 })

    expect(end).toEqual({ kind: 'output too large' })
    expect(stdout.length).toBeLessThanOrEqual(100_000)
  })

  test('with the run, for the reason of the run', async () => {
    const stop = new AbortController()
    const running = shell('sleep 600', { signal: stop.signal })

    stop.abort(new Error('cancelled'))

    await expect(running).rejects.toThrow('cancelled')
  })

  test('by a signal, which is told', async () => {
    expect((await shell('kill -TERM $$')).end).toEqual({ kind: 'signal', signal: 'SIGTERM' })
  })
})

test('a program that does not exist is told as such', async () => {
  const { end } = await runChild('no-such-program', [], options)

  expect(end).toMatchObject({ kind: 'not started', error: { code: 'ENOENT' } })
})

test('only variables of the list reach the child, and messages are English', async () => {
  const environment = allowedEnvironment({ PATH: '/bin', LANG: 'de_DE', SECRET: 'x', EXTRA: 'y' }, ['EXTRA'])

  expect(environment).toEqual({ PATH: '/bin', EXTRA: 'y', LC_ALL: 'C', LANG: 'C' })
})
