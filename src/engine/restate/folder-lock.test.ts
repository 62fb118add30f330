import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import { identityOf, isAlive } from '../../lib/process-identity.ts'
import { EngineHeld } from './engine-held.ts'
import { lockFolder, lockHolder } from './folder-lock.ts'

let folder: string
const now = new Date('2026-01-02T03:04:05Z')

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-lock-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('of many at once exactly one gets the folder, round after round', async () => {
  for (let round = 0; round < 20; round += 1) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => lockFolder(folder, now)))
    const winners = answers.filter((answer) => !answer.held)

    expect(winners).toHaveLength(1)
    for (const winner of winners) if (!winner.held) await winner.release()
  }
  expect((await readdir(folder)).length).toBe(1)
})

test('the loser is told who has it and since when', async () => {
  await lockFolder(folder, now)

  const answer = await lockFolder(folder, new Date())

  expect(answer).toMatchObject({
    held: true,
    by: { pid: process.pid, since: now.toISOString(), host: hostname() },
  })
  expect(await lockHolder(folder)).toMatchObject({ pid: process.pid })
})

test('a freed folder is held by nobody', async () => {
  const answer = await lockFolder(folder, now)
  if (answer.held) throw new Error('The folder is new')

  await answer.release()

  expect(await lockHolder(folder)).toBeUndefined()
  expect((await lockFolder(folder, now)).held).toBe(false)
})

test('the lock of a dead process is taken over, also when its number is used again', async () => {
  const child = spawn('true')
  await once(child, 'exit')
  const dead = { pid: child.pid, started: 'long ago', host: hostname(), since: now.toISOString() }
  const reused = { ...dead, pid: process.pid }
  await writeFile(join(folder, 'lock.3'), JSON.stringify(dead))
  await writeFile(join(folder, 'lock.4'), JSON.stringify(reused))

  expect((await lockFolder(folder, now)).held).toBe(false)
  expect(await readdir(folder)).toEqual(['lock.5'])
})

test('the lock of another machine holds, because its processes cannot be seen', async () => {
  const foreign = { pid: 1, started: 'x', host: 'elsewhere', since: now.toISOString() }
  await writeFile(join(folder, 'lock.1'), JSON.stringify(foreign))

  const answer = await lockFolder(folder, now)

  if (!answer.held) throw new Error('It was taken over')
  await expect(failureText(new EngineHeld(answer.by))).toMatchFileSnapshot('testdata/errors/engine-held.txt')
})

test('a process is known by its number and its start', async () => {
  const child = spawn('sleep', ['600'])
  const identity = await identityOf(child.pid ?? 0)
  if (identity === undefined) throw new Error('The child runs')

  expect(await isAlive(identity)).toBe(true)
  expect(await isAlive({ ...identity, started: 'another time' })).toBe(false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await isAlive(identity)).toBe(false)
})
