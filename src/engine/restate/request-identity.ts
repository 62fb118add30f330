import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'

/**
 * Any local user could call our endpoint's port; only requests that the server signed with this key are answered.
 * Returns the public key.
 */
export async function requestKey(pemPath: string): Promise<KeyObject> {
  return createPublicKey((await storedKey(pemPath)) ?? (await newKey(pemPath)))
}

/** The same in the SDK's form. */
export async function requestIdentity(pemPath: string): Promise<string> {
  const { x } = (await requestKey(pemPath)).export({ format: 'jwk' })
  if (typeof x !== 'string') throw new Error('An Ed25519 key has a public part')
  return `publickeyv1_${base58(Buffer.from(x, 'base64url'))}`
}

async function storedKey(path: string): Promise<KeyObject | undefined> {
  try {
    return createPrivateKey(await readFile(path))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function newKey(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync('ed25519')
  await writeFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' })
  return privateKey
}

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Bitcoin's Base58: the number in base 58, and a 1 for each leading zero byte. */
export function base58(bytes: Uint8Array): string {
  let text = ''
  let number = BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)
  while (number > 0n) {
    text = alphabet.charAt(Number(number % 58n)) + text
    number /= 58n
  }
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros === -1 ? bytes.length : zeros) + text
}
