import { createMessage, type PrivateKey, readSignature, sign } from 'openpgp'
import { UserError } from '../../errors.ts'
import type { Signer } from '../signer.ts'
import { type CheckedKey, checkKey } from './check-key.ts'
import { cleartextMessage, signedForm } from './cleartext.ts'
import { describeCompatibility } from './compatibility.ts'
import { fingerprintOf, readPrivateKey } from './read-key.ts'
import { settings } from './settings.ts'
import { openpgpVerifier } from './verifier.ts'

export interface OpenpgpKey {
  /** Armored, binary, or either in base64. */
  readonly key: string | Uint8Array
  readonly passphrase?: string
  readonly now: Date
}

/** Reads, checks, unlocks and tries a key; whatever is wrong with it is told here, before anything is signed. */
export async function openpgpSigner({ key: written, passphrase, now }: OpenpgpKey): Promise<Signer> {
  const key = await readPrivateKey(written)
  const checked = await checkKey(key, now)
  await unlock(key, checked, passphrase)
  const signer = { ...signerOf(key, checked), warnings: warningsOf(checked, now) }
  await tryOut(signer, now)
  return signer
}

async function unlock(
  key: PrivateKey,
  { secret }: CheckedKey,
  passphrase: string | undefined,
): Promise<void> {
  if (secret.isDecrypted()) return
  const fingerprint = fingerprintOf(key)
  if (passphrase === undefined) {
    throw new UserError(
      'KEY_LOCKED',
      `The key ${fingerprint} is locked with a passphrase, and none is given.`,
      {
        hint: 'Add "passphrase: env:NAME" (or file:, cmd:) beside the key.',
      },
    )
  }
  try {
    await secret.decrypt(passphrase)
    await secret.validate()
  } catch (cause) {
    throw new UserError('KEY_PASSPHRASE', `The passphrase does not unlock the key ${fingerprint}.`, {
      hint: `Try it: gpg --dry-run --change-passphrase ${fingerprint}. A line end or a space around it counts.`,
      cause,
    })
  }
}

function signerOf(key: PrivateKey, checked: CheckedKey): Signer {
  const publicKey = key.toPublic()
  const options = (date: Date) => ({
    signingKeys: key,
    signingKeyIDs: checked.secret.getKeyID(),
    detached: true as const,
    date: signatureDate(key, checked, date),
    config: settings,
  })
  return {
    fingerprint: fingerprintOf(key),
    userId: key.getUserIDs()[0] ?? '',
    algorithm: checked.algorithm.name,
    kind: checked.algorithm.kind,
    bits: checked.algorithm.bits,
    publicKeyArmored: publicKey.armor(settings),
    publicKeyBinary: publicKey.write(),
    ...(checked.expiresAt === undefined ? {} : { expiresAt: checked.expiresAt }),
    signDetached: async (data, date) =>
      sign({ ...options(date), message: await createMessage({ binary: data }), format: 'binary' }),
    signDetachedArmored: async (data, date) =>
      sign({ ...options(date), message: await createMessage({ binary: data }), format: 'armored' }),
    signCleartext: async (text, date) => {
      const form = signedForm(text)
      const message = await createMessage({ text: form })
      const signature = await sign({ ...options(date), message, format: 'binary' })
      return cleartextMessage(form, await readSignature({ binarySignature: signature, config: settings }))
    },
  }
}

function warningsOf({ algorithm, expiresAt }: CheckedKey, now: Date): readonly string[] {
  const { refusedBy } = describeCompatibility(algorithm.kind)
  const warnings = refusedBy.map((client) => `${client} cannot verify ${algorithm.name} signatures.`)
  const days = Math.floor(((expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - now.getTime()) / 86_400_000)
  if (days >= 30) return warnings
  return [...warnings, `The key expires in ${days} days; clients refuse then what it has signed before, too.`]
}

/** Commits may be older than the key: such dates move to its beginning, and stay the same for every later run. */
function signatureDate(key: PrivateKey, { validFrom, expiresAt }: CheckedKey, date: Date): Date {
  if (expiresAt === undefined || date < expiresAt) return date < validFrom ? validFrom : date
  throw new UserError(
    'KEY_EXPIRED_AT_DATE',
    `The key ${fingerprintOf(key)} expires on ${expiresAt.toISOString().slice(0, 10)}, before the signature's date ${date.toISOString().slice(0, 10)}.`,
    { hint: 'Check SOURCE_DATE_EPOCH and the date of the commit, or extend the key.' },
  )
}

/** A damaged secret part makes signatures that nobody can verify: find out now. */
async function tryOut(signer: Signer, now: Date): Promise<void> {
  const data = Buffer.from('Hawser tries the key.\n')
  try {
    const verifier = await openpgpVerifier([signer.publicKeyBinary])
    await verifier.verifyDetached(data, await signer.signDetached(data, now))
  } catch (cause) {
    throw new UserError(
      'KEY_DAMAGED',
      `The secret part of the key ${signer.fingerprint} does not fit its public part.`,
      {
        hint: 'Export the key again from where it was made.',
        cause,
      },
    )
  }
}
