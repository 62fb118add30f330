import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { isSigned } from './request-signature.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const now = new Date('2026-01-01T00:00:00Z')
const seconds = now.getTime() / 1000
const url = '/1.0.0/invoke/step/execute'
const claims = { aud: '/invoke/step/execute', exp: seconds + 60, iat: seconds, nbf: seconds - 60 }
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function tokenOf(payload: object, key: KeyObject = privateKey): string {
  const signed = `${encoded({ typ: 'JWT', alg: 'EdDSA' })}.${encoded(payload)}`
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
}

const answer = (token: string | undefined, at = url, scheme = 'v1'): boolean =>
  isSigned(
    { url: at, headers: { 'x-restate-signature-scheme': scheme, 'x-restate-jwt-v1': token } },
    publicKey,
    now,
  )

test('a request that the server signed for this path is answered', () => {
  expect(answer(tokenOf(claims))).toBe(true)
})

const [head = '', , signature = ''] = tokenOf(claims).split('.')
test.each([
  ['has no token', undefined],
  ['has an empty token', ''],
  ['is signed by another key', tokenOf(claims, generateKeyPairSync('ed25519').privateKey)],
  ['says that it needs no signature', `${encoded({ typ: 'JWT', alg: 'none' })}.${encoded(claims)}.`],
  ['has other claims than were signed', `${head}.${encoded({ ...claims, exp: seconds + 999 })}.${signature}`],
  ['has a part too many', `${tokenOf(claims)}.${signature}`],
  ['is out of date', tokenOf({ ...claims, exp: seconds })],
  ['is from the future', tokenOf({ ...claims, nbf: seconds + 1 })],
  ['is for another path', tokenOf({ ...claims, aud: '/invoke/step/other' })],
])('a request that %s is refused', (_why, token) => {
  expect(answer(token)).toBe(false)
})

test('a token counts for its own path and scheme only', () => {
  expect(answer(tokenOf(claims), '/1.0.0/x/invoke/step/execute')).toBe(false)
  expect(answer(tokenOf(claims), '/1.0.0/invoke/step/execute', 'unsigned')).toBe(false)
})
