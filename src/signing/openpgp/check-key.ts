import {
  type Config,
  type Key,
  type PrivateKey,
  SecretKeyPacket,
  SecretSubkeyPacket,
  type SignaturePacket,
  Subkey,
} from 'openpgp'
import { UserError } from '../../errors.ts'
import { algorithmOf, describeCompatibility, type KeyAlgorithm } from './compatibility.ts'
import { fingerprintOf } from './read-key.ts'
import { settings, settingsWithSha1 } from './settings.ts'

export interface CheckedKey {
  /** The part that signs: of the primary key, or of a signing subkey. */
  readonly secret: SecretKeyPacket | SecretSubkeyPacket
  readonly algorithm: KeyAlgorithm
  /** No signature may be older: strict clients (sqv, rpm with Sequoia) want a binding that was valid then. */
  readonly validFrom: Date
  readonly expiresAt: Date | undefined
}

const newKeyHint =
  'Make a new key, publish its public part beside the repositories, and refer to it in hawser.yaml.'

/** Finds the part of a private key that signs, as gpg does: the newest valid signing subkey, else the primary key. */
export async function checkKey(key: PrivateKey, now: Date): Promise<CheckedKey> {
  await checkPrimary(key, now)
  const bySecret = [...newestFirst(key.subkeys), key].filter((part) => secretOf(part) !== undefined)
  for (const part of bySecret) {
    if (await canSign(key, part, now, settings)) return describePart(key, part, now)
  }
  throw await whyNoneSigns(key, bySecret, now)
}

async function checkPrimary(key: PrivateKey, now: Date): Promise<void> {
  const fingerprint = fingerprintOf(key)
  checkAlgorithm(algorithmOf(key), fingerprint)
  const created = key.getCreationTime()
  if (created > now) {
    throw new UserError(
      'KEY_NOT_YET_VALID',
      `The key ${fingerprint} is valid only from ${day(created)} on.`,
      {
        hint: 'Check the clock of this machine, or the date with which the key was made.',
      },
    )
  }
  if (await key.isRevoked(undefined, undefined, now, settings)) {
    throw new UserError('KEY_REVOKED', `The key ${fingerprint} is revoked.`, { hint: newKeyHint })
  }
  await selfSignature(key, now)
  const expiresAt = dateOf(await key.getExpirationTime(undefined, settings))
  if (expiresAt !== undefined && expiresAt <= now) throw expired(key, fingerprint, expiresAt)
  try {
    await key.verifyPrimaryKey(now, undefined, settings)
  } catch (cause) {
    throw invalid(fingerprint, cause)
  }
}

function checkAlgorithm({ kind, name, bits }: KeyAlgorithm, fingerprint: string): void {
  const { canSign: isUsable, refusedBy } = describeCompatibility(kind)
  const hint =
    'Make an RSA key of 4096 bits, which every client reads: gpg --quick-generate-key NAME rsa4096 sign'
  if (!isUsable) {
    const why =
      kind === 'other'
        ? `is of the kind "${name}", which clients do not read any more or never did`
        : `is of the kind ${kind}, which these clients cannot verify: ${refusedBy.join(', ')}`
    throw new UserError('KEY_ALGORITHM', `The key ${fingerprint} ${why}.`, { hint })
  }
  if (kind === 'rsa' && (bits ?? 0) < 2048) {
    throw new UserError(
      'KEY_TOO_SHORT',
      `The RSA key ${fingerprint} has ${bits} bits; clients want 2048 or more.`,
      {
        hint,
      },
    )
  }
}

async function selfSignature(key: PrivateKey, now: Date): Promise<SignaturePacket> {
  const fingerprint = fingerprintOf(key)
  try {
    return (await key.getPrimaryUser(now, undefined, settings)).selfCertification
  } catch (cause) {
    const isSha1 = await succeeds(key.getPrimaryUser(now, undefined, settingsWithSha1))
    throw isSha1 ? sha1(fingerprint, 'binds its user ID') : invalid(fingerprint, cause)
  }
}

function newestFirst(subkeys: readonly Subkey[]): Subkey[] {
  return [...subkeys].sort((a, b) => b.getCreationTime().getTime() - a.getCreationTime().getTime())
}

/** Undefined when the file has only a stub (gpg: "sec#", or a key on a card). */
function secretOf(part: PrivateKey | Subkey): SecretKeyPacket | SecretSubkeyPacket | undefined {
  const packet = part.keyPacket
  const isSecret = packet instanceof SecretKeyPacket || packet instanceof SecretSubkeyPacket
  return isSecret && !packet.isDummy() ? packet : undefined
}

async function canSign(
  key: PrivateKey,
  part: PrivateKey | Subkey,
  date: Date | null,
  config: Config,
): Promise<boolean> {
  return succeeds(key.getSigningKey(part.getKeyID(), date, undefined, config))
}

async function describePart(key: PrivateKey, part: PrivateKey | Subkey, now: Date): Promise<CheckedKey> {
  const secret = secretOf(part)
  if (secret === undefined) throw new Error('Parts without a secret were left out before')
  const algorithm = algorithmOf(part)
  checkAlgorithm(algorithm, part.getFingerprint().toUpperCase())
  const starts = [key.getCreationTime(), part.getCreationTime(), (await selfSignature(key, now)).created]
  const ends = [dateOf(await key.getExpirationTime(undefined, settings))]
  if (part instanceof Subkey) {
    starts.push((await part.verify(now, settings)).created)
    ends.push(dateOf(await part.getExpirationTime(now, settings)))
  }
  const endTimes = ends.filter((end) => end !== undefined).map((end) => end.getTime())
  return {
    secret,
    algorithm,
    validFrom: new Date(Math.max(...starts.map((start) => start?.getTime() ?? 0))),
    expiresAt: endTimes.length === 0 ? undefined : new Date(Math.min(...endTimes)),
  }
}

async function whyNoneSigns(
  key: PrivateKey,
  bySecret: readonly (PrivateKey | Subkey)[],
  now: Date,
): Promise<UserError> {
  const fingerprint = fingerprintOf(key)
  if (bySecret.length === 0) {
    return new UserError(
      'KEY_SECRET_MISSING',
      `The file of the key ${fingerprint} has no secret part of it.`,
      {
        hint: 'The secret may be on a card or in another keyring: export it, or a signing subkey, where it is.',
      },
    )
  }
  for (const part of bySecret) {
    const name = part.getFingerprint().toUpperCase()
    if (part instanceof Subkey && (await canSign(key, part, now, settingsWithSha1)))
      return sha1(name, 'binds it')
    if (part instanceof Subkey && (await canSign(key, part, null, settings))) {
      const end = dateOf(await part.getExpirationTime(now, settings))
      if (end !== undefined && end <= now) return expired(key, name, end)
    }
  }
  return new UserError(
    'KEY_CANNOT_SIGN',
    `The key ${fingerprint} may not sign: no part with a secret has that use.`,
    {
      hint: `Add a signing subkey: gpg --quick-add-key ${fingerprint} rsa4096 sign`,
    },
  )
}

function expired(key: Key, fingerprint: string, end: Date): UserError {
  const primary = fingerprintOf(key)
  const command = `gpg --quick-set-expire ${primary} 2y${fingerprint === primary ? '' : ` ${fingerprint}`}`
  return new UserError('KEY_EXPIRED', `The key ${fingerprint} expired on ${day(end)}.`, {
    hint: `Extend it (${command}), export it again, and publish its public part again.`,
  })
}

function sha1(fingerprint: string, doing: string): UserError {
  return new UserError('KEY_SHA1', `The signature that ${doing} in the key ${fingerprint} uses SHA-1.`, {
    hint: 'RHEL 9 and newer apt refuse such keys. Renew it with a current gpg (gpg --quick-set-expire <key> 2y), or make a new key.',
  })
}

function invalid(fingerprint: string, cause: unknown): UserError {
  return new UserError('KEY_INVALID', `The key ${fingerprint} has no valid self-signature.`, {
    hint: 'See what "gpg --check-signatures" says about it, and export it again.',
    cause,
  })
}

async function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  )
}

function dateOf(end: Date | number | null): Date | undefined {
  return end instanceof Date ? end : undefined
}

const day = (date: Date): string => date.toISOString().slice(0, 10)
