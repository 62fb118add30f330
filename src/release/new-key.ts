import { mkdir, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { Refusal, UserError } from '../errors.ts'
import { codeOf, fileSystemError, writeFileAtomic } from '../lib/atomic-file.ts'
import { parseSecretReference, resolveSecret } from '../lib/secret.ts'
import { type GeneratedKey, generateKey } from '../signing/openpgp/generate-key.ts'

export interface NewKeyRequest {
  readonly root: string
  readonly environment: { readonly [name: string]: string | undefined }
  /** `file:PATH`, where the private key goes. */
  readonly reference: string
  readonly userId: string
  readonly algorithm: 'rsa4096' | 'ed25519'
  /** Reference to the passphrase that locks it. */
  readonly passphrase?: string
  readonly expires?: Date
  readonly now: Date
  readonly signal: AbortSignal
}

export interface WrittenKey extends Pick<GeneratedKey, 'fingerprint'> {
  /** Relative to the project. */
  readonly privatePath: string
  readonly publicPath: string
}

/** Makes a key where hawser.yaml looks for it. A file that is there is never overwritten: it may be the only copy. */
export async function makeKey(request: NewKeyRequest): Promise<WrittenKey> {
  const path = privatePathOf(request)
  const publicPath = `${path.replace(/\.(asc|gpg|key|pgp)$/, '')}.public.asc`
  for (const file of [path, publicPath]) await refuseExisting(file, request.root)
  const passphrase = await passphraseOf(request)
  const { userId, algorithm, now, expires } = request
  const key = await generateKey({
    userId,
    algorithm,
    date: now,
    ...(passphrase !== undefined && { passphrase }),
    ...(expires !== undefined && { expires }),
  })
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  } catch (error) {
    throw fileSystemError(error, 'create the folder', dirname(path))
  }
  await writeFileAtomic(path, key.privateKeyArmored, { mode: 0o600 })
  await writeFileAtomic(publicPath, key.publicKeyArmored, { mode: 0o644 })
  return {
    fingerprint: key.fingerprint,
    privatePath: relative(request.root, path),
    publicPath: relative(request.root, publicPath),
  }
}

function privatePathOf({ reference, root }: NewKeyRequest): string {
  const parsed = parseSecretReference(reference)
  if (parsed.from === 'file') return isAbsolute(parsed.path) ? parsed.path : join(root, parsed.path)
  throw new UserError(
    'KEY_NOT_A_FILE',
    `The key is read from "${reference}", and Hawser can only write files.`,
    {
      hint: 'Name a file with --out, then put its contents where hawser.yaml looks for it.',
    },
  )
}

async function refuseExisting(path: string, root: string): Promise<void> {
  try {
    await stat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw fileSystemError(error, 'read', path)
  }
  throw new Refusal('KEY_EXISTS', `"${relative(root, path)}" is there already.`, {
    hint: 'It may be the only copy of a key that people trust. Move it away first, or choose another file with --out.',
  })
}

async function passphraseOf(request: NewKeyRequest): Promise<string | undefined> {
  if (request.passphrase === undefined) return undefined
  const { environment, root, signal } = request
  return (await resolveSecret(request.passphrase, { environment, root, signal })).line
}
