import { z } from 'zod'
import { TransientError } from '../../errors.ts'
import type { SocketClient } from './socket-client.ts'

const listed = z.object({ deployments: z.array(z.object({ id: z.string(), uri: z.string().optional() })) })

/**
 * Points everything that the server ever knew at our port of today. Invocations are pinned to the deployment that began
 * them; one whose process is gone would be tried for ever.
 */
export async function pointDeployments(
  admin: SocketClient,
  port: number,
  codeVersion: string,
): Promise<void> {
  const answer = await admin.send({ method: 'GET', path: '/deployments' })
  const known = listed.parse(answer.json).deployments
  const ours = known.find(({ uri }) => versionOf(uri) === codeVersion)
  for (const { id, uri } of known) {
    const version = versionOf(uri)
    const body = { uri: uriOf(port, version), overwrite: true }
    await sent(admin, 'PATCH', `/deployments/${id}`, body)
  }
  if (ours === undefined) await sent(admin, 'POST', '/deployments', { uri: uriOf(port, codeVersion) })
}

const uriOf = (port: number, version: string): string =>
  `http://127.0.0.1:${port}/${encodeURIComponent(version)}`

function versionOf(uri: string | undefined): string {
  const [, version = ''] = new URL(uri ?? 'http://127.0.0.1/').pathname.split('/')
  return decodeURIComponent(version)
}

async function sent(
  admin: SocketClient,
  method: 'PATCH' | 'POST',
  path: string,
  body: unknown,
): Promise<void> {
  const { status, json } = await admin.send({ method, path, body })
  if (status < 300) return
  throw new TransientError('ENGINE_DEPLOYMENT', `The engine did not take the steps (${status}).`, {
    hint: 'See server.log and sdk.log in the folder of the engine.',
    cause: json,
  })
}
