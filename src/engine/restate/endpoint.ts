import { createServer, type ServerHttp2Session } from 'node:http2'
import * as restate from '@restatedev/restate-sdk'
import type { Executions } from './executions.ts'
import { historyObject, releaseObject } from './release-object.ts'
import type { RunHub } from './run-hub.ts'
import { selfTestService, stepService } from './step-service.ts'

export interface EndpointOptions {
  readonly hub: RunHub
  readonly executions: Executions
  /** Only requests that are signed for it are answered. */
  readonly publicKey: string
  readonly logger: restate.LoggerTransport
}

export interface Endpoint {
  readonly port: number
  close(): Promise<void>
}

/** The server knows no unix sockets for endpoints, so it is a TCP port, of this machine only. */
export async function listen({ hub, executions, publicKey, logger }: EndpointOptions): Promise<Endpoint> {
  const endpoint = restate
    .endpoint()
    .bind(releaseObject(hub))
    .bind(historyObject)
    .bind(stepService(executions))
    .bind(selfTestService)
    .withIdentityV1(publicKey)
    .setLogger(logger)
  const server = createServer(endpoint.http2Handler())
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
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
      for (const session of sessions) session.destroy()
      await closed.promise
    },
  }
}
