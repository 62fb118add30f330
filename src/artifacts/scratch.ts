import { randomBytes } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, fileSystemError, removeQuietly } from '../lib/atomic-file.ts'

/** `PID-START-RANDOM`: who writes the file. The start time tells a process from a later one with the same number. */
export function ownerName(): string {
  return `${process.pid}-${processStart()}-${randomBytes(6).toString('hex')}`
}

const processStart = (): string => Math.round(performance.timeOrigin).toString(36)

/** False when the writer named in a scratch file's name has surely ended. */
export function isOwnerAlive(name: string): boolean {
  const owner = /^(\d+)-([0-9a-z]+)-[0-9a-f]{12}$/.exec(name)
  if (owner === null) return false
  const pid = Number(owner[1])
  if (pid === process.pid) return owner[2] === processStart()
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return codeOf(error) === 'EPERM'
  }
}

export interface StaleLimits {
  /** A dead writer's file goes after this silence: the writer may live in another container that we cannot see. */
  readonly deadQuietMs?: number
  /** Any file goes after this silence. */
  readonly quietMaxMs?: number
}

/** Removes unfinished files that nobody will finish. What vanishes meanwhile was removed by somebody else. */
export async function removeStaleFiles(
  folder: string,
  nowMs: number,
  limits: StaleLimits = {},
): Promise<void> {
  const { quietMaxMs = 24 * 3_600_000, deadQuietMs = Math.min(quietMaxMs, 10 * 60_000) } = limits
  for (const name of await namesIn(folder)) {
    const path = join(folder, name)
    const quietMs = nowMs - (await modifiedMs(path, nowMs))
    const isStale = quietMs > quietMaxMs || (quietMs > deadQuietMs && !isOwnerAlive(name))
    if (isStale) await removeQuietly(path)
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    throw fileSystemError(error, 'read the folder', folder)
  }
}

async function modifiedMs(path: string, whenGone: number): Promise<number> {
  try {
    return (await stat(path)).mtimeMs
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return whenGone
    throw fileSystemError(error, 'read', path)
  }
}
