import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { checkKey } from './check-key.ts'
import { lockKeyFile } from './key-file.ts'

export interface GeneratedCosignKey {
  /** `cosign.key` */
  readonly privateKeyPem: string
  /** `cosign.pub` */
  readonly publicKeyPem: string
  readonly keyId: string
}

/** A new ECDSA P-256 key, as "cosign generate-key-pair" makes it; locked with the password, which may be empty. */
export async function generateCosignKey(password: string): Promise<GeneratedCosignKey> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const { publicKeyPem, keyId } = checkKey(privateKey)
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  return { privateKeyPem: await lockKeyFile(pkcs8, password), publicKeyPem, keyId }
}
