import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Who holds something, in words that survive the process: process ids alone are used again. */
export interface ProcessIdentity {
  /** Host, its current boot and the process namespace: only inside one world do process ids mean anything. */
  readonly world: string
  readonly host: string
  readonly boot: string
  readonly pid: number
  /** Clock ticks since boot, from proc(5); empty where there is no /proc. */
  readonly startedAt: string
}

export function ownIdentity(): ProcessIdentity {
  const host = hostname()
  const boot = readOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const namespace = readOr('', () => readlinkSync('/proc/self/ns/pid'))
  const world = createHash('sha256').update([host, boot, namespace].join('\n')).digest('hex').slice(0, 16)
  return { world, host, boot, pid: process.pid, startedAt: startOf(process.pid) ?? '' }
}

/** `unknown`: it runs (or ran) where we cannot look, so it must be taken for alive. */
export function lifeOf(other: ProcessIdentity, self: ProcessIdentity): 'alive' | 'dead' | 'unknown' {
  if (other.world !== self.world) {
    const rebooted =
      other.host === self.host && other.boot !== self.boot && other.boot !== '' && self.boot !== ''
    return rebooted ? 'dead' : 'unknown'
  }
  if (!isRunning(other.pid)) return 'dead'
  const startedAt = startOf(other.pid)
  if (startedAt === undefined || other.startedAt === '') return 'alive'
  return startedAt === other.startedAt ? 'alive' : 'dead'
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

// proc(5): the command in parentheses may hold spaces; state is the first field after it, starttime the twentieth.
// A zombie no longer holds anything, although its id still answers.
function startOf(pid: number): string | undefined {
  const stat = readOr('', () => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return `ended ${fields[19]}`
  return fields[19]
}

// Other systems have no /proc; what is missing there only makes the judgement more careful.
function readOr(fallback: string, read: () => string): string {
  try {
    return read()
  } catch {
    return fallback
  }
}
