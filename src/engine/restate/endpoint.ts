import type { KeyObject } from 'node:crypto'
import { createServer } from 'node:http2'
import type { Socket } from 'node:net'
import * as restate from '@restatedev/restate-sdk'
import type { Executions } from './executions.ts'
import { historyObject, releaseObject } from './release-object.ts'
import { isSigned } from './request-signature.ts'
import type { RunHub } from './run-hub.ts'
import type { StepRunner } from './step-runner.ts'
import { selfTestService, stepService } from './step-service.ts'

export interface EndpointOptions {
  readonly hub: RunHub
  readonly executions: Executions
  readonly runner: StepRunner
  /** Only requests that are signed for it are answered. */
  readonly publicKey: KeyObject
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
  runner,
  publicKey,
  logger,
}: EndpointOptions): Promise<Endpoint> {
  let isBuilt = false
  const endpoint = restate
    .endpoint()
    .bind(releaseObject(hub, runner))
    .bind(historyObject)
    .bind(stepService(executions, runner))
    .bind(selfTestService)
    .setLogger((...line) => {
      if (isBuilt) logger(...line)
    })
  // While it is built it only warns that it does not check signatures: they are checked before it is asked.
  const answer = endpoint.http2Handler()
  isBuilt = true
  const server = createServer((request, response) => {
    if (isSigned(request, publicKey, new Date())) answer(request, response)
    else response.writeHead(401).end()
  })
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
