import { expect, test } from 'vitest'
import { UserError } from '../../errors.ts'
import { generateKey } from './generate-key.ts'
import { openpgpSigner } from './signer.ts'
import { openpgpVerifier } from './verifier.ts'

const now = new Date('2024-06-01T00:00:00Z')
const data = Buffer.from('content\n')
const key = await generateKey({ userId: 'A <a@example.org>', algorithm: 'ed25519', date: now })
const signer = await openpgpSigner({ key: key.privateKeyArmored, now })
const verifier = await openpgpVerifier([key.publicKeyArmored], now)

/** The same damage in every run: each byte changed in two ways, and each length cut off. */
function* damaged(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1) {
    for (const change of [0x01, 0xff]) yield bytes.map((byte, index) => (index === at ? byte ^ change : byte))
    yield bytes.slice(0, at)
  }
}

/** What is neither a UserError nor the expected key. */
async function surpriseOf(attempt: Promise<string>): Promise<unknown> {
  try {
    const fingerprint = await attempt
    return fingerprint === key.fingerprint ? undefined : fingerprint
  } catch (error) {
    return error instanceof UserError ? undefined : error
  }
}

test('a damaged signature never counts for other data, and never looks like our bug', async () => {
  const signature = await signer.signDetached(data, now)

  for (const bytes of damaged(signature)) {
    expect(await surpriseOf(verifier.verifyDetached(data, bytes))).toBeUndefined()
    await expect(verifier.verifyDetached(Buffer.from('other'), bytes)).rejects.toThrow(UserError)
  }
})

test('a damaged private key is a clear error or still the same key, never our bug', async () => {
  const armor = key.privateKeyArmored.split('\n')
  const binary = Buffer.from(
    armor
      .slice(
        2,
        armor.findIndex((line) => line.startsWith('=')),
      )
      .join(''),
    'base64',
  )
  expect((await openpgpSigner({ key: binary, now })).fingerprint).toBe(key.fingerprint)

  for (const bytes of damaged(binary)) {
    const attempt = openpgpSigner({ key: bytes, now }).then(({ fingerprint }) => fingerprint)
    expect(await surpriseOf(attempt)).toBeUndefined()
  }
})
