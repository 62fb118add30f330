import { exitCodes } from '../errors.ts'
import type { Failure, Run } from './run.ts'

/** The exit code of a command that ends with this run. */
export function exitCodeOf(run: Run): number {
  switch (run.status) {
    case 'published':
      return exitCodes.done
    case 'rejected':
      return exitCodes.rejected
    case 'refused':
      return exitCodes.refused
    case 'cancelled':
      return exitCodes.failed
    case 'failed':
      return failedCode(run)
    default:
      // Not over: the command let go of it.
      return exitCodes.waiting
  }
}

/** Several steps may have failed; our own bugs are told first, then what the reader must repair. */
function failedCode(run: Run): number {
  const classes = new Set<Failure['class']>()
  for (const state of Object.values(run.nodes)) {
    if (state.status === 'failed') classes.add(state.failure.class)
  }
  if (classes.has('bug')) return exitCodes.bug
  if (classes.has('user')) return exitCodes.repair
  return exitCodes.failed
}
