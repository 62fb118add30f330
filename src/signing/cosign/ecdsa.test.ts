import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { signEcdsaP256 } from './ecdsa.ts'

// RFC 6979, A.2.5: ECDSA, 256 bits (prime field).
const key = createPrivateKey({
  format: 'jwk',
  key: {
    kty: 'EC',
    crv: 'P-256',
    d: Buffer.from('C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721', 'hex').toString(
      'base64url',
    ),
    x: Buffer.from('60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6', 'hex').toString(
      'base64url',
    ),
    y: Buffer.from('7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299', 'hex').toString(
      'base64url',
    ),
  },
})

describe('ECDSA with the nonce of RFC 6979', () => {
  test.each([
    [
      'sample',
      'EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716',
      'F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8',
    ],
    [
      'test',
      'F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367',
      '019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083',
    ],
  ])('the vector for "%s"', (message, r, s) => {
    expect(hexOf(signEcdsaP256(key, Buffer.from(message)))).toEqual([r, s])
  })

  test('OpenSSL accepts 300 signatures of other keys, short numbers among them', () => {
    for (let count = 0; count < 300; count++) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const data = Buffer.from(`message ${count}`)
      const signature = signEcdsaP256(privateKey, data)
      expect(verify('sha256', data, createPublicKey(privateKey), signature)).toBe(true)
      expect(signEcdsaP256(privateKey, data)).toEqual(signature)
    }
  })
})

/** The two numbers of a DER signature, in 64 hex digits each. */
function hexOf(der: Uint8Array): string[] {
  const bytes = Buffer.from(der)
  const lengthR = bytes[3] ?? 0
  const [r, s] = [bytes.subarray(4, 4 + lengthR), bytes.subarray(6 + lengthR)]
  return [r, s].map((number) => number.toString('hex').toUpperCase().replace(/^00/, '').padStart(64, '0'))
}
