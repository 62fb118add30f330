import { randomBytes, scrypt } from 'node:crypto'
import { z } from 'zod'
import { UserError } from '../../errors.ts'

/** Cost of new files, as cosign has it: 64 MiB and some tenths of a second. */
const newCost = 65_536
/** cosign wrote 32768 until 2023; more than 131072 would take memory from whoever reads a stranger's file. */
const costs = [32_768, newCost, 131_072]
const saltBytes = 32
const nonceBytes = 24
const keyBytes = 32

const base64 = z.base64()
const shape = z.object({
  kdf: z.object({
    name: z.literal('scrypt'),
    params: z.object({ N: z.literal(costs), r: z.literal(8), p: z.literal(1) }),
    salt: base64,
  }),
  cipher: z.object({ name: z.literal('nacl/secretbox'), nonce: base64 }),
  ciphertext: base64,
})

/** Random bytes, which tests choose. */
export type RandomBytes = (size: number) => Uint8Array

/**
 * `cosign.key`: PEM around JSON that says how a PKCS #8 key is locked, by scrypt and NaCl's secretbox; the form of
 * go-securesystemslib. An empty password is legal.
 */
export async function lockKeyFile(
  pkcs8: Uint8Array,
  password: string,
  random: RandomBytes = randomBytes,
): Promise<string> {
  const salt = random(saltBytes)
  const nonce = random(nonceBytes)
  const box = await secretBox(await derivedKey(password, salt, newCost), nonce)
  const ciphertext = text64(box.seal(pkcs8))
  return pemOf({
    kdf: { name: 'scrypt', params: { N: newCost, r: 8, p: 1 }, salt: text64(salt) },
    cipher: { name: 'nacl/secretbox', nonce: text64(nonce) },
    ciphertext,
  })
}

/** Opens what stands between the PEM lines. Undefined: this password does not open it. */
export async function unlockKeyFile(body: Uint8Array, password: string): Promise<Uint8Array | undefined> {
  const { kdf, cipher, ciphertext } = parsed(body)
  const nonce = Buffer.from(cipher.nonce, 'base64')
  if (nonce.length !== nonceBytes) throw damaged('its nonce has a wrong length')
  const key = await derivedKey(password, Buffer.from(kdf.salt, 'base64'), kdf.params.N)
  return (await secretBox(key, nonce)).open(Buffer.from(ciphertext, 'base64'))
}

function parsed(body: Uint8Array): z.output<typeof shape> {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body).toString())
  } catch {
    // The parser's own message would quote the file.
    throw damaged('what is between its lines is no JSON')
  }
  const { success, data, error } = shape.safeParse(value)
  if (success) return data
  const member = error.issues[0]?.path.join('.') ?? ''
  if (member === '') throw damaged('what is between its lines is no JSON object')
  throw damaged(`"${member}" is missing or of a kind that Hawser does not know`)
}

function derivedKey(password: string, salt: Uint8Array, cost: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // scrypt needs 128 * N * r bytes, and Node refuses beyond 32 MiB unless told.
    const maxmem = 2 * 128 * cost * 8
    scrypt(password, salt, keyBytes, { N: cost, r: 8, p: 1, maxmem }, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

interface SecretBox {
  seal(plain: Uint8Array): Uint8Array
  open(sealed: Uint8Array): Uint8Array | undefined
}

async function secretBox(key: Uint8Array, nonce: Uint8Array): Promise<SecretBox> {
  const { secretbox } = await import('@noble/ciphers/salsa.js')
  // Views of Node's buffers may begin anywhere; the cipher wants arrays of their own.
  const { seal, open } = secretbox(Uint8Array.from(key), Uint8Array.from(nonce))
  return {
    seal: (plain) => seal(Uint8Array.from(plain)),
    open: (sealed) => {
      try {
        return open(Uint8Array.from(sealed))
      } catch {
        // Its one failure: the authenticator does not fit, which is what a wrong password looks like.
        return undefined
      }
    },
  }
}

function pemOf(value: object): string {
  const lines = text64(Buffer.from(JSON.stringify(value))).match(/.{1,64}/g) ?? []
  const label = 'ENCRYPTED SIGSTORE PRIVATE KEY'
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

function damaged(why: string): UserError {
  return new UserError('KEY_UNREADABLE', `The cosign key cannot be read: ${why}.`, {
    hint: 'Copy the whole file that "cosign generate-key-pair" or "hawser key" wrote.',
  })
}

const text64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
