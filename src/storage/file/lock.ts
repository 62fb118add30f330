import { link, readdir, readFile, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { TransientError } from '../../errors.ts'
import { errnoOf, isAbsence } from './file-errors.ts'
import { lifeOf, ownIdentity, type ProcessIdentity } from './process-identity.ts'
import { unlinkIfThere } from './unlink.ts'

export interface LockOptions {
  /** Exists already; holds nothing but the lock's files. */
  readonly folder: string
  /** A new name on the same file system; what a killed process leaves there is swept by others. */
  readonly draft: () => string
  readonly waitMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * One holder at a time among all processes of a machine, also when holders are killed.
 *
 * The lock is a row of files `lock.1`, `lock.2`, …: whoever made the highest holds it while the file names a living
 * process. Taking it is making the next number, with its content, in one step (link), so of many who find a dead or
 * released holder exactly one succeeds. The highest file is never deleted, only emptied; a late maker of a lower
 * number sees the higher one and steps back. Deleting the dead holder's file instead would let two in.
 */
export async function withLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  const own = await acquire(options)
  try {
    return await work()
  } finally {
    await release(own)
  }
}

async function release(own: string): Promise<void> {
  try {
    await truncate(own, 0)
  } catch (error) {
    // Somebody deleted the file by hand: then there is nothing left to release.
    if (!isAbsence(error)) throw error
  }
}

async function acquire({ folder, draft, waitMs, signal }: LockOptions): Promise<string> {
  const self = ownIdentity()
  const deadline = performance.now() + waitMs
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted()
    const newest = await newestLock(folder)
    const holder = await livingHolder(folder, newest, self)
    if (holder === undefined) {
      const own = await make(folder, newest + 1, draft(), self)
      if (own !== undefined) return own
    } else if (performance.now() > deadline) {
      throw lockedError(join(folder, lockName(newest)), holder)
    } else {
      await wait(
        1 + Math.random() * Math.min(50, 2 ** Math.min(attempt, 6)),
        undefined,
        signal ? { signal } : {},
      )
    }
  }
}

const lockName = (number: number): string => `lock.${number}`

async function lockNumbers(folder: string): Promise<number[]> {
  const numbers = (await readdir(folder)).map((name) => /^lock\.(\d{1,15})$/.exec(name)?.[1])
  return numbers.filter((digits) => digits !== undefined).map(Number)
}

async function newestLock(folder: string): Promise<number> {
  return Math.max(0, ...(await lockNumbers(folder)))
}

async function livingHolder(
  folder: string,
  number: number,
  self: ProcessIdentity,
): Promise<ProcessIdentity | undefined> {
  if (number === 0) return undefined
  const holder = await readHolder(join(folder, lockName(number)))
  return holder === undefined || lifeOf(holder, self) === 'dead' ? undefined : holder
}

async function readHolder(path: string): Promise<ProcessIdentity | undefined> {
  try {
    const text = await readFile(path, 'utf8')
    // Empty: released. Anything torn was left by a crash of the whole machine, since it appears in one step.
    const [world, host, boot, pid, startedAt] = text.split('\n')
    if (world === undefined || host === undefined || boot === undefined || startedAt === undefined)
      return undefined
    return { world, host, boot, pid: Number(pid), startedAt }
  } catch (error) {
    // Somebody took a higher number and tidied this one away; making the next number will fail or step back.
    if (isAbsence(error)) return undefined
    throw error
  }
}

// A listing of a folder is not atomic everywhere. Keeping some old numbers makes it certain that a late maker sees one
// that is higher than its own, unless the lock changes hands this often during one listing.
const kept = 32

async function make(
  folder: string,
  number: number,
  draft: string,
  self: ProcessIdentity,
): Promise<string | undefined> {
  const own = join(folder, lockName(number))
  await writeFile(draft, [self.world, self.host, self.boot, self.pid, self.startedAt, ''].join('\n'))
  try {
    await link(draft, own)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    throw error
  } finally {
    await unlink(draft)
  }
  const numbers = await lockNumbers(folder)
  if (numbers.some((other) => other > number)) {
    await unlinkIfThere(own)
    return undefined
  }
  for (const old of numbers.filter((other) => other <= number - kept))
    await unlinkIfThere(join(folder, lockName(old)))
  return own
}

function lockedError(file: string, holder: ProcessIdentity): TransientError {
  return new TransientError(
    'STORAGE_LOCKED',
    `Process ${holder.pid} on ${holder.host} is writing to this folder and does not finish.`,
    { hint: `Wait for it. If it is gone for good (another machine or container), delete ${file}.` },
  )
}
