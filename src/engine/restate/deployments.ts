import { z } from 'zod'
import { TransientError } from '../../errors.ts'
import type { SocketAnswer, SocketClient, SocketRequest } from './socket-client.ts'

const listed = z.object({
  deployments: z.array(z.object({ id: z.string(), uri: z.string().optional(), created_at: z.string() })),
})

const pinned = z.object({ rows: z.array(z.object({ pinned_deployment_id: z.string().nullish() })) })

/**
 * Points everything that the server ever knew at our port of today. Invocations are pinned to the deployment that began
 * them; one whose process is gone would be tried for ever.
 */
export async function pointDeployments(
  admin: SocketClient,
  port: number,
  codeVersion: string,
): Promise<void> {
  const known = await knownDeployments(admin)
  for (const { id, uri } of known) {
    const body = { uri: uriOf(port, versionOf(uri)), overwrite: true }
    await sent(admin, { method: 'PATCH', path: `/deployments/${id}`, body })
  }
  if (known.some(({ uri }) => versionOf(uri) === codeVersion)) return
  await sent(admin, { method: 'POST', path: '/deployments', body: { uri: uriOf(port, codeVersion) } })
}

/**
 * Each version of Hawser adds a deployment; without this every start would point all of them anew. The server must have
 * answered calls before: its queries fail until then.
 */
export async function forgetDeployments(admin: SocketClient, codeVersion: string): Promise<void> {
  const known = await knownDeployments(admin)
  const ours = known.find(({ uri }) => versionOf(uri) === codeVersion)
  // New invocations go to the newest deployment: only older ones can be known to be out of use.
  const others = known.filter(({ created_at }) => ours !== undefined && created_at < ours.created_at)
  if (others.length === 0) return
  const query = `select distinct pinned_deployment_id from sys_invocation where status != 'completed'`
  const { json } = await sent(admin, { method: 'POST', path: '/query', body: { query } })
  const used = new Set(pinned.parse(json).rows.map((row) => row.pinned_deployment_id))
  for (const { id } of others) {
    if (!used.has(id)) await sent(admin, { method: 'DELETE', path: `/deployments/${id}?force=true` })
  }
}

async function knownDeployments(admin: SocketClient) {
  return listed.parse((await sent(admin, { method: 'GET', path: '/deployments' })).json).deployments
}

const uriOf = (port: number, version: string): string =>
  `http://127.0.0.1:${port}/${encodeURIComponent(version)}`

function versionOf(uri: string | undefined): string {
  const [, version = ''] = new URL(uri ?? 'http://127.0.0.1/').pathname.split('/')
  return decodeURIComponent(version)
}

async function sent(admin: SocketClient, request: SocketRequest): Promise<SocketAnswer> {
  const answer = await admin.send(request)
  if (answer.status < 300) return answer
  throw new TransientError('ENGINE_DEPLOYMENT', `The engine did not take the steps (${answer.status}).`, {
    hint: 'See server.log and sdk.log in the folder of the engine.',
    cause: answer.json,
  })
}
