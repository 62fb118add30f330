import { TransientError } from '../../errors.ts'
import { pause } from '../../pipeline/pause.ts'
import type { ServerPaths } from './server-config.ts'
import { type RunningServer, serverReady, startServer } from './server-process.ts'
import type { SocketClient } from './socket-client.ts'

export interface SupervisedServer {
  /** Of the server that runs now. */
  pid(): number
  stop(): Promise<void>
}

export interface SupervisionOptions {
  readonly binary: string
  readonly paths: ServerPaths
  readonly admin: SocketClient
  readonly onNotice: (text: string) => void
  readonly signal: AbortSignal
}

const readyMs = 30_000
const startsMax = 3
const endsMax = 60
const endsWindowMs = 60_000

/** Starts the server, and starts it again whenever it ends without being asked to. */
export async function superviseServer(options: SupervisionOptions): Promise<SupervisedServer> {
  const stopping = new AbortController()
  const signal = AbortSignal.any([options.signal, stopping.signal])
  let server = await startUntilReady({ ...options, signal })
  const watching = keepAlive()

  async function keepAlive(): Promise<void> {
    const ends: number[] = []
    for (;;) {
      await server.exited
      if (signal.aborted) return
      options.onNotice('The engine ended unexpectedly and is started again.')
      const next = await startAgain(ends)
      if (next === undefined) return
      server = next
    }
  }

  /** Nothing when the engine is closed, or ended too often. */
  async function startAgain(ends: number[]): Promise<RunningServer | undefined> {
    for (;;) {
      const now = performance.now()
      ends.push(now)
      if (ends.filter((at) => at > now - endsWindowMs).length > endsMax) {
        options.onNotice(
          'The engine ended again and again. See server.log in its folder, then resume the run.',
        )
        return undefined
      }
      try {
        return await startOnce({ ...options, signal })
      } catch (error) {
        if (signal.aborted) return undefined
        if (!(error instanceof TransientError)) throw error
      }
    }
  }

  return {
    pid: () => server.pid,
    async stop() {
      stopping.abort(new Error('The engine is closed'))
      await server.stop()
      await watching
    },
  }
}

/** An orphan that was not recorded may still hold the folder for a moment; its watcher ends it. */
async function startUntilReady(options: SupervisionOptions): Promise<RunningServer> {
  for (let start = 1; ; start += 1) {
    try {
      return await startOnce(options)
    } catch (error) {
      if (!(error instanceof TransientError) || start >= startsMax) throw error
      await pause(200 * start, options.signal)
    }
  }
}

async function startOnce({ binary, paths, admin, signal }: SupervisionOptions): Promise<RunningServer> {
  const server = await startServer(binary, paths)
  const deadline = AbortSignal.timeout(readyMs)
  try {
    await serverReady(server, admin, AbortSignal.any([signal, deadline]))
    return server
  } catch (error) {
    await server.stop()
    if (!deadline.aborted) throw error
    throw new TransientError('ENGINE_START', `The engine was not ready within ${readyMs / 1000} s.`, {
      hint: 'See server.log in the folder of the engine.',
    })
  }
}
