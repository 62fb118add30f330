import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import { openpgpSigner } from '../../src/signing/openpgp/signer.ts'
import { openpgpVerifier } from '../../src/signing/openpgp/verifier.ts'
import type { Signer } from '../../src/signing/signer.ts'
import { Gpg, output } from './gpg.ts'

const made = new Date('2024-01-01T00:00:00Z')
const now = new Date('2024-06-01T00:00:00Z')
const date = new Date('2024-05-01T00:00:00Z')
const text = 'Origin: Example\n- dashed\nFrom here\nSHA256:\n 00 1 größer\n'

let gpg: Gpg
beforeAll(async () => {
  gpg = await Gpg.create()
})
afterAll(() => gpg.remove())

async function signerOf(name: string): Promise<Signer> {
  if (name === 'rsa4096' || name === 'ed25519') {
    const key = await generateKey({ userId: 'R <r@example.org>', algorithm: name, date: made })
    return openpgpSigner({ key: key.privateKeyArmored, now })
  }
  if (name === 'gpg, rsa3072 with a passphrase') {
    const fingerprint = await gpg.makeKey('rsa3072', 'sign', { passphrase: 'correct horse' })
    const key = await gpg.exportSecret(fingerprint, 'correct horse')
    return openpgpSigner({ key, passphrase: 'correct horse', now })
  }
  if (name === 'gpg, ed25519, binary') {
    const fingerprint = await gpg.makeKey('ed25519', 'sign')
    return openpgpSigner({
      key: await gpg.run(['--export-secret-keys', fingerprint]),
      passphrase: 'unneeded',
      now,
    })
  }
  const fingerprint = await gpg.makeKey('rsa2048', 'cert')
  await gpg.run(['--quick-add-key', fingerprint, 'rsa2048', 'encr'])
  await gpg.run(['--quick-add-key', fingerprint, 'rsa2048', 'sign'])
  // The primary secret stays offline: the file has a stub of it ("sec#").
  const subkeys = await gpg.run(['--armor', '--export-secret-subkeys', fingerprint])
  return openpgpSigner({ key: subkeys.toString(), now })
}

describe.each([
  'rsa4096',
  'ed25519',
  'gpg, rsa3072 with a passphrase',
  'gpg, ed25519, binary',
  'gpg, signing subkey only',
])('signatures of a key from %s', (name) => {
  let signer: Signer
  let keyring: string
  let prefix: string

  beforeAll(async () => {
    signer = await signerOf(name)
    prefix = signer.fingerprint
    keyring = await gpg.file(`${prefix}.gpg`, signer.publicKeyBinary)
    await gpg.run(['--import', keyring])
  })

  test('are accepted by gpg, gpgv and sqv: detached binary', async () => {
    const data = await gpg.file(`${prefix}.data`, text)
    const signature = await gpg.file(`${prefix}.sig`, await signer.signDetached(Buffer.from(text), date))

    const said = await output('gpg', [
      '--homedir',
      gpg.folder,
      '--status-fd',
      '1',
      '--verify',
      signature,
      data,
    ])
    expect(said).toContain('VALIDSIG')
    expect(said).toContain(' 1714521600 ')
    expect(await output('gpgv', ['--keyring', keyring, signature, data])).toContain('Good signature')
    expect(await output('sqv', ['--keyring', keyring, '-v', signature, data])).toContain(
      '1 of 1 signatures are valid',
    )
  })

  test('are accepted by gpg and sqv: detached armored', async () => {
    const data = await gpg.file(`${prefix}.data`, text)
    const signature = await gpg.file(
      `${prefix}.asc`,
      await signer.signDetachedArmored(Buffer.from(text), date),
    )

    expect(await output('gpg', ['--homedir', gpg.folder, '--verify', signature, data])).toContain(
      'Good signature',
    )
    expect(await output('sqv', ['--keyring', keyring, '-v', signature, data])).toContain(
      '1 of 1 signatures are valid',
    )
  })

  test('are accepted by gpg and gpgv: cleartext, and give the same text', async () => {
    const message = await gpg.file(`${prefix}.InRelease`, await signer.signCleartext(text, date))

    expect(await output('gpgv', ['--keyring', keyring, message])).toContain('Good signature')
    expect((await gpg.run(['--decrypt', message])).toString()).toBe(text)
  })

  test('dated before the key are accepted by strict clients too', async () => {
    const data = await gpg.file(`${prefix}.data`, text)
    const early = await signer.signDetached(Buffer.from(text), new Date('2019-01-01T00:00:00Z'))
    const signature = await gpg.file(`${prefix}.early`, early)

    expect(await output('gpgv', ['--keyring', keyring, signature, data])).toContain('Good signature')
    expect(await output('sqv', ['--keyring', keyring, '-v', signature, data])).toContain(
      '1 of 1 signatures are valid',
    )
  })

  test('carry no notation and name their key in both ways', async () => {
    const signature = await gpg.file(`${prefix}.sig`, await signer.signDetached(Buffer.from(text), date))

    const packets = (await gpg.run(['--list-packets', signature])).toString()

    expect(packets).not.toContain('notation')
    expect(packets).toMatch(/digest algo (8|10)/)
    expect(packets).toContain('subpkt 33')
    expect(packets).toContain('subpkt 16')
  })
})

describe('signatures that gpg makes', () => {
  test('are verified by us: detached and cleartext', async () => {
    const fingerprint = await gpg.makeKey('rsa2048', 'default')
    const keyring = await gpg.run(['--export', fingerprint])
    const data = await gpg.file('data', text)
    const signing = ['--local-user', fingerprint, '--output', '-']
    const verifier = await openpgpVerifier([keyring], now)

    const detached = await gpg.run([...signing, '--detach-sign', data])
    const armored = await gpg.run([...signing, '--armor', '--detach-sign', data])
    const cleartext = await gpg.run([...signing, '--clear-sign', data])

    expect(await verifier.verifyDetached(Buffer.from(text), detached)).toBe(fingerprint)
    expect(await verifier.verifyDetached(Buffer.from(text), armored)).toBe(fingerprint)
    expect(await verifier.verifyCleartext(cleartext.toString())).toEqual({ text, fingerprint })
  })
})

test('a key that we make is a key for gpg: RSA 4096, for signing only, with its date of expiry', async () => {
  const key = await generateKey({
    userId: 'Release Team <release@example.org>',
    algorithm: 'rsa4096',
    date: made,
    expires: new Date('2030-01-01T00:00:00Z'),
    passphrase: 'pass',
  })

  const file = await gpg.file('made.asc', key.privateKeyArmored)
  const shown = (await gpg.run(['--show-keys', '--with-colons', file])).toString()

  expect(shown).toMatch(/^sec:[^:]*:4096:1:[0-9A-F]{16}:1704067200:1893456000:/m)
  expect(shown).toContain('uid:-::::1704067200')
  expect(shown).toMatch(/^sec:(?:[^:]*:){10}scSC:/m)
  expect(shown).not.toMatch(/^ssb:/m)
  await expect(openpgpSigner({ key: key.privateKeyArmored, passphrase: 'pass', now })).resolves.toMatchObject(
    {
      fingerprint: key.fingerprint,
      algorithm: 'rsa4096',
      expiresAt: new Date('2030-01-01T00:00:00Z'),
      warnings: [],
    },
  )
})
