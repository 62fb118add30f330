import { readdir, readFile } from 'node:fs/promises'
import { codeOf } from '../../lib/atomic-file.ts'

/** The variable that every process of a job inherits. */
export const jobVariable = 'HAWSER_JOB'

/** Signals a whole process group; false when there is none any more. */
export function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-leader, signal)
    return true
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
    // Somebody else's processes are in it (sudo): those that are ours got the signal.
    if (codeOf(error) === 'EPERM') return true
    throw error
  }
}

/**
 * Ends what left the job's process group: a daemon has a session of its own, but still the job's variable. Repeated until
 * none is found, because they may start others meanwhile. Only where there is /proc.
 */
export async function endStragglers(id: string): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    const found = await processesOf(id)
    if (found.length === 0) return
    for (const pid of found) signalProcess(pid)
  }
}

/** Processes that carry the job's variable, whoever started them. */
export async function processesOf(id: string): Promise<readonly number[]> {
  if (process.platform !== 'linux') return []
  const mark = `${jobVariable}=${id}`
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    if ((await environmentOf(name)).includes(mark)) found.push(Number(name))
  }
  return found
}

async function environmentOf(pid: string): Promise<readonly string[]> {
  try {
    return (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0')
  } catch {
    // It has ended, or it is not ours to look into: then it is none of the job's either.
    return []
  }
}

function signalProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (codeOf(error) !== 'ESRCH' && codeOf(error) !== 'EPERM') throw error
  }
}
