import { readFile } from 'node:fs/promises'
import { inspect } from 'node:util'
import { generateKey as generate } from 'openpgp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import { openpgpSigner } from '../../src/signing/openpgp/signer.ts'
import { openpgpVerifier } from '../../src/signing/openpgp/verifier.ts'
import { Gpg } from './gpg.ts'

const made = new Date('2024-01-01T00:00:00Z')
const now = new Date('2024-06-01T00:00:00Z')
const passphrase = 'correct horse battery'
const userId = 'Release Team <release@example.org>'

let gpg: Gpg
let key: string
beforeAll(async () => {
  gpg = await Gpg.create()
  key = (await generateKey({ userId, algorithm: 'ed25519', date: made })).privateKeyArmored
})
afterAll(() => gpg.remove())

async function expectFailure(name: string, attempt: Promise<unknown>): Promise<void> {
  const error: unknown = await attempt.then(
    () => new Error('no failure'),
    (thrown: unknown) => thrown,
  )
  const everything = inspect(error, { depth: 9, showHidden: true })
  expect(everything).not.toContain(passphrase)
  for (const line of key.split('\n').slice(2, 6)) expect(everything).not.toContain(line)
  const text = failureText(error).replaceAll(/\b([0-9A-F]{64}|[0-9A-F]{40}|[0-9A-F]{16})\b/g, '<key>')
  await expect(`${text}\n`).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
}

type BadKey = () => Promise<string | Uint8Array>

const fromGpg =
  (algorithm: string, usage: string, options: Parameters<Gpg['makeKey']>[2] = {}): BadKey =>
  async () =>
    gpg.exportSecret(await gpg.makeKey(algorithm, usage, options))

const unreadable: Record<string, BadKey> = {
  'key-empty': async () => '\n',
  'key-of-openssh': async () =>
    '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----\n',
  'key-is-other-text': async () => 'correct horse battery staple',
  'key-cut-off': async () => key.slice(0, key.length / 2),
  'key-damaged': async () => Buffer.from([0xc5, 0x20, 4, 1, 2, 3, 4, 22, 0, 1, 2, 3]),
  'key-public': async () => gpg.run(['--armor', '--export', await gpg.makeKey('ed25519', 'sign')]),
  'key-several': async () => {
    const other = await generateKey({ userId, algorithm: 'ed25519', date: made })
    return `${key}\n${other.privateKeyArmored}`
  },
}

const unusable: Record<string, BadKey> = {
  'key-expired': fromGpg('rsa2048', 'sign', { expire: '2024-03-01' }),
  'key-not-yet-valid': async () =>
    (await generateKey({ userId, algorithm: 'ed25519', date: new Date('2025-01-01T00:00:00Z') }))
      .privateKeyArmored,
  'key-revoked': async () => {
    const fingerprint = await gpg.makeKey('rsa2048', 'sign')
    // gpg writes a certificate with each key, with a colon before it against use by mistake.
    const prepared = await readFile(`${gpg.folder}/openpgp-revocs.d/${fingerprint}.rev`, 'utf8')
    const certificate = await gpg.file('revoke.asc', prepared.replace(/^:/m, ''))
    await gpg.run(['--import', certificate])
    return gpg.exportSecret(fingerprint)
  },
  'key-locked': async () =>
    (await generateKey({ userId, algorithm: 'ed25519', date: made, passphrase })).privateKeyArmored,
  'key-rsa-1024': fromGpg('rsa1024', 'sign'),
  'key-dsa': fromGpg('dsa2048', 'sign'),
  'key-nist': fromGpg('nistp256', 'sign'),
  'key-algorithm-27': async () =>
    (await generate({ userIDs: [{ name: 'A' }], type: 'curve25519', date: made })).privateKey,
  'key-ed448': async () =>
    (await generate({ userIDs: [{ name: 'A' }], type: 'curve448', date: made })).privateKey,
  'key-v6': async () =>
    (await generate({ userIDs: [{ name: 'A' }], type: 'curve25519', date: made, config: { v6Keys: true } }))
      .privateKey,
  'key-sha1': fromGpg('rsa2048', 'sign', { also: ['--cert-digest-algo', 'SHA1'] }),
  'key-certifies-only': fromGpg('rsa2048', 'cert'),
  'key-without-secret': async () => {
    const fingerprint = await gpg.makeKey('rsa3072', 'sign')
    return gpg.run(['--armor', '--export-secret-subkeys', fingerprint])
  },
  'key-subkey-expired': async () => {
    const fingerprint = await gpg.makeKey('rsa3072', 'cert')
    await gpg.run(['--quick-add-key', fingerprint, 'rsa2048', 'sign', '2024-02-01'])
    return gpg.run(['--armor', '--export-secret-subkeys', fingerprint])
  },
  'key-subkey-sha1': async () => {
    const fingerprint = await gpg.makeKey('rsa4096', 'cert')
    await gpg.run([
      '--allow-weak-key-signatures',
      '--cert-digest-algo',
      'SHA1',
      '--quick-add-key',
      fingerprint,
      'rsa2048',
      'sign',
    ])
    return gpg.run(['--armor', '--export-secret-subkeys', fingerprint])
  },
}

describe('a key that cannot be used is told before anything is signed', () => {
  test.each(Object.entries({ ...unreadable, ...unusable }))('%s', async (name, make) => {
    await expectFailure(name, openpgpSigner({ key: await make(), now }))
  })

  test('key-passphrase-wrong', async () => {
    const locked = await gpg.makeKey('ed25519', 'default', { passphrase })

    const attempt = openpgpSigner({
      key: await gpg.exportSecret(locked, passphrase),
      passphrase: `${passphrase}!`,
      now,
    })

    await expectFailure('key-passphrase-wrong', attempt)
  })

  test('key-expires-before-date', async () => {
    const expires = new Date('2024-07-01T00:00:00Z')
    const { privateKeyArmored } = await generateKey({ userId, algorithm: 'ed25519', date: made, expires })
    const signer = await openpgpSigner({ key: privateKeyArmored, now })

    await expectFailure('key-expires-before-date', signer.signDetached(Buffer.from('x'), expires))
  })

  test('key-user-id', async () => {
    await expectFailure('key-user-id', generateKey({ userId: '<no mail>', algorithm: 'ed25519', date: made }))
  })
})

describe('a signature that cannot be trusted is told', () => {
  const data = Buffer.from('content\n')

  test('signature-of-other-data', async () => {
    const signer = await openpgpSigner({ key, now })
    const verifier = await openpgpVerifier([signer.publicKeyArmored], now)

    const attempt = verifier.verifyDetached(Buffer.from('other'), await signer.signDetached(data, now))

    await expectFailure('signature-of-other-data', attempt)
  })

  test('signature-cleartext-changed', async () => {
    const signer = await openpgpSigner({ key, now })
    const verifier = await openpgpVerifier([signer.publicKeyArmored], now)
    const message = await signer.signCleartext('Suite: stable\n', now)

    await expectFailure(
      'signature-cleartext-changed',
      verifier.verifyCleartext(message.replace('stable', 'sid')),
    )
  })

  test('signature-of-unknown-key', async () => {
    const signer = await openpgpSigner({ key, now })
    const other = await generateKey({ userId, algorithm: 'ed25519', date: made })
    const verifier = await openpgpVerifier([other.publicKeyArmored], now)

    await expectFailure(
      'signature-of-unknown-key',
      verifier.verifyDetached(data, await signer.signDetached(data, now)),
    )
  })

  test('signature-of-key-expired-since', async () => {
    const expires = new Date('2024-07-01T00:00:00Z')
    const made2 = await generateKey({ userId, algorithm: 'ed25519', date: made, expires })
    const signer = await openpgpSigner({ key: made2.privateKeyArmored, now })
    const verifier = await openpgpVerifier([made2.publicKeyArmored], new Date('2024-08-01T00:00:00Z'))

    const attempt = verifier.verifyDetached(data, await signer.signDetached(data, now))

    await expectFailure('signature-of-key-expired-since', attempt)
  })

  test('signature-unreadable', async () => {
    const verifier = await openpgpVerifier([await gpg.run(['--export'])], now)

    await expectFailure('signature-unreadable', verifier.verifyDetached(data, 'no signature'))
    await expectFailure('signature-not-cleartext', verifier.verifyCleartext('Origin: x\n'))
  })
})
