import { z } from 'zod'
import type { Config } from '../config/config.ts'
import { UserError } from '../errors.ts'
import { closest } from '../lib/closest.ts'
import type { Choice } from '../steps/choice.ts'
import { isArtifactKey, openArtifactSigner, openSigner } from '../steps/keys.ts'
import { loadProjectConfig } from './load-project-config.ts'
import { type KeyPlace, makeCosignKey, makeKey, type WrittenKey } from './new-key.ts'
import { contextOutside } from './open-declared.ts'
import type { Project } from './project.ts'

export interface ProjectKeyRequest {
  readonly name: string
  /** What it must be declared as; without it, any kind is made. */
  readonly kind?: string
  /** Of OpenPGP keys only; the others are absent too where they do not apply. */
  readonly algorithm?: 'rsa4096' | 'ed25519'
  readonly userId?: string
  readonly expires?: Date
  readonly signal: AbortSignal
}

/** Makes the key that hawser.yaml names, of the kind and in the place that hawser.yaml says. */
export async function newProjectKey(project: Project, request: ProjectKeyRequest): Promise<WrittenKey> {
  const { config, chosen } = await declaredKey(project, request.name)
  requireKind(request, chosen)
  const place = placeOf(project, request, chosen)
  if (isArtifactKey(chosen)) {
    requireNoOpenpgpOptions(request)
    return makeCosignKey(place)
  }
  return makeKey({
    ...place,
    userId: request.userId ?? `${config.project} releases`,
    algorithm: request.algorithm ?? 'rsa4096',
    now: project.now(),
    ...(request.expires !== undefined && { expires: request.expires }),
  })
}

function requireKind({ name, kind }: ProjectKeyRequest, { provider }: Choice): void {
  if (kind === undefined || kind === provider) return
  throw new UserError('KEY_KIND', `hawser.yaml has the key "${name}" as "${provider}", not as "${kind}".`, {
    hint: `Leave --kind out, or declare it: keys: { ${name}: { ${kind}: { ... } } }`,
  })
}

function requireNoOpenpgpOptions({ name, algorithm, userId, expires }: ProjectKeyRequest): void {
  const flags = { algorithm, user: userId, expires }
  const given = Object.entries(flags).find(([, value]) => value !== undefined)?.[0]
  if (given === undefined) return
  throw new UserError('KEY_OPTION', `--${given} does not apply to the key "${name}".`, {
    hint: 'It signs images: such keys are ECDSA P-256, belong to nobody by name and do not expire.',
  })
}

function placeOf(
  { root, environment }: Project,
  { name, signal }: ProjectKeyRequest,
  { provider, options }: Choice,
): KeyPlace {
  const written = z
    .object({
      key: z.string(),
      passphrase: z.string().exactOptional(),
      password: z.string().exactOptional(),
    })
    .safeParse(options)
  if (!written.success) {
    throw new UserError('KEY_KEYLESS', `The key "${name}" is of the kind "${provider}", which has no key.`, {
      hint: 'Whoever runs the release is its identity: there is nothing to make.',
    })
  }
  const { key, passphrase = written.data.password } = written.data
  return { root, environment, reference: key, signal, ...(passphrase !== undefined && { passphrase }) }
}

export interface ShownKey {
  readonly fingerprint: string
  readonly userId: string
  readonly algorithm: string
  readonly expiresAt: string | undefined
  readonly warnings: readonly string[]
}

/** A key, or an identity, that signs images. */
export interface ShownArtifactKey {
  readonly title: string
  readonly keyId: string | undefined
  readonly publicKeyPem: string | undefined
  readonly warnings: readonly string[]
}

/** Opens a key as a release would, and says what to know about it. */
export async function showKey(
  project: Project,
  name: string,
  signal: AbortSignal,
): Promise<ShownKey | ShownArtifactKey> {
  const { chosen } = await declaredKey(project, name)
  const context = contextOutside({ project, signal, log: () => undefined })
  if (isArtifactKey(chosen)) {
    const { title, keyId, publicKeyPem, warnings = [] } = await openArtifactSigner(chosen, context)
    return { title, keyId, publicKeyPem, warnings }
  }
  const signer = await openSigner(chosen, context)
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
