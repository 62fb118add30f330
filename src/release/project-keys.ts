import { z } from 'zod'
import type { Config } from '../config/config.ts'
import { UserError } from '../errors.ts'
import { closest } from '../lib/closest.ts'
import type { Choice } from '../steps/choice.ts'
import { openSigner } from '../steps/keys.ts'
import { loadProjectConfig } from './load-project-config.ts'
import { makeKey, type WrittenKey } from './new-key.ts'
import { contextOutside } from './open-declared.ts'
import type { Project } from './project.ts'

export interface ProjectKeyRequest {
  readonly name: string
  readonly algorithm: 'rsa4096' | 'ed25519'
  readonly userId?: string
  readonly expires?: Date
  readonly signal: AbortSignal
}

/** Makes the key that hawser.yaml names, where hawser.yaml says it is. */
export async function newProjectKey(project: Project, request: ProjectKeyRequest): Promise<WrittenKey> {
  const { config, chosen } = await declaredKey(project, request.name)
  const { key, passphrase } = z
    .object({ key: z.string(), passphrase: z.string().exactOptional() })
    .parse(chosen.options)
  const { root, environment, now } = project
  return makeKey({
    root,
    environment,
    reference: key,
    userId: request.userId ?? `${config.project} releases`,
    algorithm: request.algorithm,
    now: now(),
    signal: request.signal,
    ...(passphrase !== undefined && { passphrase }),
    ...(request.expires !== undefined && { expires: request.expires }),
  })
}

export interface ShownKey {
  readonly fingerprint: string
  readonly userId: string
  readonly algorithm: string
  readonly expiresAt: string | undefined
  readonly warnings: readonly string[]
}

/** Opens a key as a release would, and says what to know about it. */
export async function showKey(project: Project, name: string, signal: AbortSignal): Promise<ShownKey> {
  const { chosen } = await declaredKey(project, name)
  const signer = await openSigner(chosen, contextOutside({ project, signal, log: () => undefined }))
  const { fingerprint, userId, algorithm, expiresAt, warnings = [] } = signer
  return { fingerprint, userId, algorithm, expiresAt: expiresAt?.toISOString(), warnings }
}

async function declaredKey(project: Project, name: string): Promise<{ config: Config; chosen: Choice }> {
  const config = await loadProjectConfig(project)
  const chosen = config.keys[name]
  if (chosen !== undefined) return { config, chosen }
  const names = Object.keys(config.keys)
  const similar = closest(name, names)
  throw new UserError('KEY_UNKNOWN', `hawser.yaml has no key "${name}".`, {
    hint: similar === undefined ? `Keys: ${names.join(', ') || 'none'}.` : `Did you mean "${similar}"?`,
  })
}
