import { realpath } from 'node:fs/promises'
import { TransientError, UserError } from '../../errors.ts'
import type { Engine } from '../../pipeline/engine.ts'
import { pause } from '../../pipeline/pause.ts'
import { releaseName } from '../../pipeline/release-key.ts'
import { EngineHeld } from './engine-held.ts'
import { lockHolder } from './folder-lock.ts'
import { releaseClient } from './release-client.ts'
import { serverPaths } from './server-config.ts'
import { socketClient } from './socket-client.ts'
import { socketFolder } from './socket-folder.ts'
import { watchRun } from './watch.ts'

const pollMs = 150

/**
 * The engine that another process holds: its runs can be read, watched, decided and cancelled; only that process starts
 * new ones. A watch sees the state at each poll; it ends when the holder has gone, and whoever wants more opens the engine.
 */
export async function attachRestateEngine(folder: string): Promise<Engine> {
  const holder = await holderOf(folder)
  const paths = serverPaths(await socketFolder(await realpath(folder)))
  const admin = socketClient(paths.admin)
  const ingress = socketClient(paths.ingress)
  const closing = new AbortController()
  const client = releaseClient(ingress, admin, closing.signal)
  untilGone(folder, closing.signal).then(
    () =>
      closing.abort(new TransientError('ENGINE_GONE', `The process ${holder.pid} has let go of the engine.`)),
    (error: unknown) => closing.abort(error),
  )
  return {
    start: () => Promise.reject(new EngineHeld(holder)),
    signal: client.signal,
    cancel: client.cancel,
    get: async (key) => (await client.get(releaseName(key)))?.run,
    list: client.list,
    watch: (key, signal) =>
      watchRun({
        read: () => client.get(releaseName(key)),
        pollMs,
        signal: AbortSignal.any([signal, closing.signal]),
      }),
    close: async () => {
      closing.abort(new Error('The engine is closed'))
      admin.close()
      ingress.close()
    },
  }
}

async function untilGone(folder: string, signal: AbortSignal): Promise<void> {
  while ((await holderIn(folder)) !== undefined) await pause(pollMs, signal)
}

async function holderOf(folder: string) {
  const holder = await holderIn(folder)
  if (holder !== undefined) return holder
  throw new UserError('ENGINE_NOT_RUNNING', 'No process has the engine of this project.', {
    hint: 'Use hawser resume: it opens the engine itself.',
  })
}

async function holderIn(folder: string) {
  try {
    return await lockHolder(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
