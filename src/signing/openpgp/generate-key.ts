import { generateKey as generate } from 'openpgp'
import { UserError } from '../../errors.ts'
import { settings } from './settings.ts'

export interface NewKey {
  /** "Name <mail@example.org>"; the mail address may be left out. */
  readonly userId: string
  readonly algorithm: 'rsa4096' | 'ed25519'
  readonly date: Date
  readonly passphrase?: string
  readonly expires?: Date
}

export interface GeneratedKey {
  readonly privateKeyArmored: string
  readonly publicKeyArmored: string
  readonly fingerprint: string
}

/** Makes a v4 key that can only certify and sign. RSA takes seconds. */
export async function generateKey({
  userId,
  algorithm,
  date,
  passphrase,
  expires,
}: NewKey): Promise<GeneratedKey> {
  const { privateKey, publicKey } = await generate({
    ...(algorithm === 'rsa4096'
      ? { type: 'rsa' as const, rsaBits: 4096 }
      : { type: 'ecc' as const, curve: 'ed25519Legacy' as const }),
    userIDs: parseUserId(userId),
    // Without this, a subkey for encryption is added.
    subkeys: [],
    date,
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(expires === undefined ? {} : { keyExpirationTime: secondsBetween(date, expires) }),
    format: 'object',
    config: settings,
  })
  return {
    privateKeyArmored: privateKey.armor(settings),
    publicKeyArmored: publicKey.armor(settings),
    fingerprint: publicKey.getFingerprint().toUpperCase(),
  }
}

function parseUserId(userId: string): { name?: string; email?: string } {
  const [, name = '', email] = /^([^<>\n]*?)\s*(?:<([^<>\s]+@[^<>\s]+)>)?$/.exec(userId.trim()) ?? []
  if (name === '' && email === undefined) {
    throw new UserError('KEY_USER_ID', `"${userId}" is not a user ID for a key.`, {
      hint: 'Write it as: Release Team <release@example.org>',
    })
  }
  return { ...(name === '' ? {} : { name }), ...(email === undefined ? {} : { email }) }
}

function secondsBetween(from: Date, to: Date): number {
  const seconds = Math.floor((to.getTime() - from.getTime()) / 1000)
  if (seconds > 0) return seconds
  throw new UserError('KEY_EXPIRY', 'The key would expire before it is made.', {
    hint: 'Give a date of expiry in the future.',
  })
}
