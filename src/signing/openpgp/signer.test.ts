import { describe, expect, test } from 'vitest'
import { generateKey } from './generate-key.ts'
import { openpgpSigner } from './signer.ts'
import { openpgpVerifier } from './verifier.ts'

const made = new Date('2024-01-01T00:00:00Z')
const now = new Date('2024-06-01T00:00:00Z')
const date = new Date('2024-05-01T00:00:00Z')
const data = Buffer.from('content\n')

const key = await generateKey({
  userId: 'Release Team <release@example.org>',
  algorithm: 'ed25519',
  date: made,
})
const signer = await openpgpSigner({ key: key.privateKeyArmored, now })
const verifier = await openpgpVerifier([key.publicKeyArmored], now)

test('a signer tells who signs', () => {
  expect(signer).toMatchObject({
    fingerprint: key.fingerprint,
    userId: 'Release Team <release@example.org>',
    algorithm: 'ed25519',
    publicKeyArmored: key.publicKeyArmored,
    warnings: ['rpm 4.16 (Debian 11) cannot verify ed25519 signatures.'],
  })
  expect(signer.expiresAt).toBeUndefined()
})

test('the same data, key and date give the same bytes', async () => {
  const again = await openpgpSigner({ key: key.privateKeyArmored, now: new Date('2024-07-01T00:00:00Z') })

  expect(await again.signDetached(data, date)).toEqual(await signer.signDetached(data, date))
  expect(await again.signDetachedArmored(data, date)).toBe(await signer.signDetachedArmored(data, date))
  expect(await again.signCleartext('text\n', date)).toBe(await signer.signCleartext('text\n', date))
})

test('a key that expires soon is a warning, before it becomes an error', async () => {
  const expires = new Date('2024-06-21T00:00:00Z')
  const soon = await generateKey({ userId: 'A', algorithm: 'ed25519', date: made, expires })
  const { expiresAt, warnings } = await openpgpSigner({ key: soon.privateKeyArmored, now })

  expect(expiresAt).toEqual(expires)
  expect(warnings?.at(-1)).toBe(
    'The key expires in 20 days; clients refuse then what it has signed before, too.',
  )
})

test('a date before the key moves to the beginning of the key', async () => {
  const early = await signer.signDetached(data, new Date('2020-01-01T00:00:00Z'))

  expect(early).toEqual(await signer.signDetached(data, made))
  expect(await verifier.verifyDetached(data, early)).toBe(key.fingerprint)
})

test.each([
  ['armored', key.privateKeyArmored],
  ['armored, with other text around it', `exported today:\n\n${key.privateKeyArmored}\nend`],
  ['armored with other line ends', key.privateKeyArmored.replaceAll('\n', '\r\n')],
  ['with its public key beside it', `${key.publicKeyArmored}\n${key.privateKeyArmored}`],
  ['in base64, as CI systems hold it', Buffer.from(key.privateKeyArmored).toString('base64')],
  ['as bytes', Buffer.from(key.privateKeyArmored)],
])('a key is read %s', async (_form, written) => {
  expect((await openpgpSigner({ key: written, now })).fingerprint).toBe(key.fingerprint)
})

describe('a cleartext message', () => {
  const texts = {
    'of many lines': 'Origin: x\nSuite: stable\nSHA256:\n abc 12 main/binary-amd64/Packages\n',
    'with dashes at line starts': '-----BEGIN\n- item\n--\n',
    'with empty lines': '\n\na\n\n\n',
    'that is empty': '\n',
    'beyond ASCII': 'Beschreibung: größer → besser\n',
  }
  test.each(Object.entries(texts))('%s is read back as it was', async (_name, text) => {
    expect(await verifier.verifyCleartext(await signer.signCleartext(text, date))).toEqual({
      text,
      fingerprint: key.fingerprint,
    })
  })

  test('shows exactly what is signed: no white space at line ends, LF only', async () => {
    const message = await signer.signCleartext('a \t\r\nb', date)

    expect(message).not.toContain('\r')
    expect((await verifier.verifyCleartext(message)).text).toBe('a\nb\n')
  })
})

test('of several signatures, one good one of a trusted key is enough, wherever it stands', async () => {
  const other = await generateKey({ userId: 'Other', algorithm: 'ed25519', date: made })
  const foreign = await (await openpgpSigner({ key: other.privateKeyArmored, now })).signDetached(data, date)
  const bad = await signer.signDetached(Buffer.from('other data'), date)
  const good = await signer.signDetached(data, date)

  for (const all of [
    [good, bad, foreign],
    [bad, foreign, good],
  ]) {
    expect(await verifier.verifyDetached(data, Buffer.concat(all))).toBe(key.fingerprint)
  }
  await expect(verifier.verifyDetached(data, Buffer.concat([bad, foreign]))).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
  })
})

test('signing many files keeps the event loop free', async () => {
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)

  for (let count = 0; count < 50; count += 1) await signer.signDetached(data, date)

  clearInterval(timer)
  expect(turns).toBeGreaterThan(0)
})
