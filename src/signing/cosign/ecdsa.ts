import { createECDH, createHash, createHmac, type KeyObject, randomBytes } from 'node:crypto'

/** Order of NIST P-256 (SEC 2, section 2.4.2). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const scalarBytes = 32

/**
 * ECDSA over P-256 with SHA-256 and the nonce of RFC 6979, in DER. node:crypto draws nonces at random, so that a release
 * that is run again would add a second signature beside its first.
 */
export function signEcdsaP256(key: KeyObject, data: Uint8Array): Uint8Array {
  const { d } = key.export({ format: 'jwk' })
  if (d === undefined) throw new Error('not a private EC key')
  const secret = numberOf(Buffer.from(d, 'base64url'))
  const digest = createHash('sha256').update(data).digest()
  for (const nonce of nonces(secret, digest)) {
    const signature = signatureOf(secret, numberOf(digest), nonce)
    if (signature !== undefined) return signature
  }
  throw new Error('nonces never end')
}

/** RFC 6979, section 3.2. */
function* nonces(secret: bigint, digest: Uint8Array): Generator<bigint> {
  const seed = [bytesOf(secret), bytesOf(numberOf(digest) % order)]
  let key: Uint8Array = Buffer.alloc(32, 0)
  let value: Uint8Array = Buffer.alloc(32, 1)
  const step = (...more: readonly Uint8Array[]) => {
    key = hmac(key, value, ...more)
    value = hmac(key, value)
  }
  step(Buffer.of(0), ...seed)
  step(Buffer.of(1), ...seed)
  for (;;) {
    value = hmac(key, value)
    const nonce = numberOf(value)
    if (nonce > 0n && nonce < order) yield nonce
    step(Buffer.of(0))
  }
}

function signatureOf(secret: bigint, digest: bigint, nonce: bigint): Uint8Array | undefined {
  // OpenSSL multiplies points in constant time; the numbers that stay here are blinded, since BigInt is not constant.
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(bytesOf(nonce))
  const point = curve.getPublicKey(null, 'uncompressed')
  const r = numberOf(point.subarray(1, 1 + scalarBytes)) % order
  const blind = 1n + (numberOf(randomBytes(scalarBytes)) % (order - 1n))
  const blindedSecret = (blind * secret) % order
  const sum = (((blind * digest) % order) + r * blindedSecret) % order
  const s = (inverse((blind * nonce) % order) * sum) % order
  return r === 0n || s === 0n ? undefined : der(r, s)
}

/** Extended Euclid. */
function inverse(value: bigint): bigint {
  let [low, high] = [1n, 0n]
  let [a, b] = [value, order]
  while (a > 1n) {
    const quotient = b / a
    ;[a, b] = [b - quotient * a, a]
    ;[low, high] = [high - quotient * low, low]
  }
  return ((low % order) + order) % order
}

/** SEQUENCE of two INTEGERs (RFC 3279, section 2.2.3); each fits one byte of length. */
function der(r: bigint, s: bigint): Uint8Array {
  const members = Buffer.concat([integer(r), integer(s)])
  return Buffer.concat([Buffer.of(0x30, members.length), members])
}

function integer(value: bigint): Uint8Array {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  const content = ((bytes[0] ?? 0) & 0x80) === 0 ? bytes : Buffer.concat([Buffer.of(0), bytes])
  return Buffer.concat([Buffer.of(2, content.length), content])
}

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)

const bytesOf = (value: bigint): Uint8Array =>
  Buffer.from(value.toString(16).padStart(scalarBytes * 2, '0'), 'hex')
