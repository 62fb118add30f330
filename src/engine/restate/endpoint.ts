import { createServer } from 'node:http2'
import type { Socket } from 'node:net'
import * as restate from '@restatedev/restate-sdk'
import type { Executions } from './executions.ts'
import { historyObject, releaseObject } from './release-object.ts'
import type { RunHub } from './run-hub.ts'
import { selfTestService, stepService, type TaskReader } from './step-service.ts'

export interface EndpointOptions {
  readonly hub: RunHub
  readonly executions: Executions
  readonly tasks: TaskReader
  /** Only requests that are signed for it are answered. */
  readonly publicKey: string
  readonly logger: restate.LoggerTransport
}

export interface Endpoint {
  readonly port: number
  close(): Promise<void>
}

/** The server knows no unix sockets for endpoints, so it is a TCP port, of this machine only. */
export async function listen({
  hub,
  executions,
  tasks,
  publicKey,
  logger,
}: EndpointOptions): Promise<Endpoint> {
  const endpoint = restate
    .endpoint()
    .bind(releaseObject(hub))
    .bind(historyObject)
    .bind(stepService(executions, tasks))
    .bind(selfTestService)
    .withIdentityV1(publicKey)
    .setLogger(logger)
  const server = createServer(endpoint.http2Handler())
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The endpoint listens on a port')
  return {
    port: address.port,
    close: async () => {
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      // Sessions wait for the other side to read; their sockets do not.
      for (const socket of sockets) socket.destroy()
      await closed.promise
    },
  }
}
