import { mkdir, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { Refusal, UserError } from '../errors.ts'
import { codeOf, fileSystemError, writeFileAtomic } from '../lib/atomic-file.ts'
import { parseSecretReference, resolveSecret } from '../lib/secret.ts'
import { generateCosignKey } from '../signing/cosign/generate-key.ts'
import { generateKey } from '../signing/openpgp/generate-key.ts'

/** Where a key goes, and what locks it. */
export interface KeyPlace {
  readonly root: string
  readonly environment: { readonly [name: string]: string | undefined }
  /** `file:PATH`, where the private key goes. */
  readonly reference: string
  /** Reference to the passphrase that locks it. */
  readonly passphrase?: string
  readonly signal: AbortSignal
}

export interface NewKeyRequest extends KeyPlace {
  readonly userId: string
  readonly algorithm: 'rsa4096' | 'ed25519'
  readonly expires?: Date
  readonly now: Date
}

export interface WrittenKey {
  /** Of an OpenPGP key; of a cosign key, the id that its bundles carry. */
  readonly fingerprint: string
  /** Relative to the project. */
  readonly privatePath: string
  readonly publicPath: string
}

/** Makes an OpenPGP key where hawser.yaml looks for it. */
export async function makeKey(request: NewKeyRequest): Promise<WrittenKey> {
  const { userId, algorithm, now, expires } = request
  return writeKeyPair(request, '.public.asc', async (passphrase) => {
    const key = await generateKey({
      userId,
      algorithm,
      date: now,
      ...(passphrase !== undefined && { passphrase }),
      ...(expires !== undefined && { expires }),
    })
    return { id: key.fingerprint, privateKey: key.privateKeyArmored, publicKey: key.publicKeyArmored }
  })
}

/** Makes a cosign key where hawser.yaml looks for it, and its public part beside it: `cosign.key` and `cosign.pub`. */
export async function makeCosignKey(place: KeyPlace): Promise<WrittenKey> {
  return writeKeyPair(place, '.pub', async (password) => {
    const key = await generateCosignKey(password ?? '')
    return { id: key.keyId, privateKey: key.privateKeyPem, publicKey: key.publicKeyPem }
  })
}

type Generate = (
  passphrase: string | undefined,
) => Promise<{ readonly id: string; readonly privateKey: string; readonly publicKey: string }>

/** A file that is there is never overwritten: it may be the only copy. */
async function writeKeyPair(place: KeyPlace, publicEnding: string, generate: Generate): Promise<WrittenKey> {
  const path = privatePathOf(place)
  const publicPath = `${path.replace(/\.(asc|gpg|key|pem|pgp)$/, '')}${publicEnding}`
  for (const file of [path, publicPath]) await refuseExisting(file, place.root)
  const { id, privateKey, publicKey } = await generate(await passphraseOf(place))
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  } catch (error) {
    throw fileSystemError(error, 'create the folder', dirname(path))
  }
  await writeFileAtomic(path, privateKey, { mode: 0o600 })
  await writeFileAtomic(publicPath, publicKey, { mode: 0o644 })
  return {
    fingerprint: id,
    privatePath: relative(place.root, path),
    publicPath: relative(place.root, publicPath),
  }
}

function privatePathOf({ reference, root }: KeyPlace): string {
  const parsed = parseSecretReference(reference)
  if (parsed.from === 'file') return isAbsolute(parsed.path) ? parsed.path : join(root, parsed.path)
  throw new UserError(
    'KEY_NOT_A_FILE',
    `The key is read from "${reference}", and Hawser can only write files.`,
    {
      hint: 'Write "file:PATH" there for as long as it takes to make the key, then move its contents to where it is to be read.',
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
    hint: 'It may be the only copy of a key that people trust. Move it away first, or name another file in hawser.yaml.',
  })
}

async function passphraseOf(request: KeyPlace): Promise<string | undefined> {
  if (request.passphrase === undefined) return undefined
  const { environment, root, signal } = request
  return (await resolveSecret(request.passphrase, { environment, root, signal })).line
}
