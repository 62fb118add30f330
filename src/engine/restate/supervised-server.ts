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
const restartsMax = 30
const restartWindowMs = 60_000

/** Starts the server, and starts it again whenever it ends without being asked to. */
export async function superviseServer(options: SupervisionOptions): Promise<SupervisedServer> {
  const stopping = new AbortController()
  const signal = AbortSignal.any([options.signal, stopping.signal])
  let server = await startUntilReady({ ...options, signal })
  const watching = keepAlive()

  async function keepAlive(): Promise<void> {
    const restarts: number[] = []
    for (;;) {
      await server.exited
      if (signal.aborted) return
      const now = performance.now()
      restarts.push(now)
      if (restarts.filter((at) => at > now - restartWindowMs).length > restartsMax) {
        options.onNotice(
          'The engine ended again and again. See server.log in its folder, then resume the run.',
        )
        return
      }
      options.onNotice('The engine ended unexpectedly and is started again.')
      try {
        server = await startUntilReady({ ...options, signal })
      } catch (error) {
        if (signal.aborted) return
        options.onNotice(`The engine could not be started again: ${String(error)}`)
        return
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
