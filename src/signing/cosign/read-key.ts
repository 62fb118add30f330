import { createPrivateKey, type KeyObject } from 'node:crypto'
import { UserError } from '../../errors.ts'
import { unlockKeyFile } from './key-file.ts'

const whatFits = 'Make one with "hawser key new NAME" or "cosign generate-key-pair".'
const locked = new Set(['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'])
const open = new Set(['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'])

/** Reads the private key of a `cosign.key`, or of a PEM file as openssl writes it; either may be in base64. */
export async function readPrivateKey(
  written: string | Uint8Array,
  password: string | undefined,
): Promise<KeyObject> {
  const { label, body, pem } = unpack(Buffer.from(written).toString())
  return locked.has(label) ? readCosign(body, password) : readPem(pem, label, password)
}

interface Block {
  readonly label: string
  readonly body: Uint8Array
  readonly pem: string
}

function unpack(written: string): Block {
  const text = written.trim()
  if (text === '') throw new UserError('KEY_EMPTY', 'The signing key is empty.', { hint: whatFits })
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*)-----END \1-----/g)]
  const private_ = blocks.filter(([, label]) => locked.has(label ?? '') || open.has(label ?? ''))
  const [first, ...more] = private_
  if (more.length > 0) {
    throw new UserError('KEY_SEVERAL', `The signing key's file has ${private_.length} private keys.`, {
      hint: 'Keep only the one that is to sign.',
    })
  }
  if (first !== undefined) return blockOf(first[1] ?? '', first[2] ?? '')
  // CI systems hold multi-line secrets as one line of base64.
  const decoded = /^[A-Za-z0-9+/\s]+=*\s*$/.test(text) ? Buffer.from(text, 'base64').toString() : ''
  if (decoded.includes('-----BEGIN ')) return unpack(decoded)
  throw notAKey(text, blocks[0]?.[1])
}

/** Some stores of secrets turn line ends into blanks or take them away: the block is laid out anew. */
function blockOf(label: string, content: string): Block {
  const isOldEncrypted = content.includes(':')
  const packed = content.replaceAll(/\\n|\s/g, '')
  const lines = packed.match(/.{1,64}/g) ?? []
  const layout = isOldEncrypted ? content.trim() : lines.join('\n')
  const pem = `-----BEGIN ${label}-----\n${layout}\n-----END ${label}-----\n`
  return { label, body: Buffer.from(packed, 'base64'), pem }
}

function notAKey(text: string, complete: string | undefined): UserError {
  if (complete?.endsWith('PUBLIC KEY') === true) {
    return new UserError(
      'KEY_PUBLIC',
      "The signing key's file has a public key; signing needs the private key.",
      {
        hint: 'Name cosign.key, not cosign.pub.',
      },
    )
  }
  const label = complete ?? /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(text)?.[1]
  if (label !== undefined && (locked.has(label) || open.has(label))) {
    return new UserError('KEY_UNREADABLE', 'The signing key is cut off: its last line is missing.', {
      hint: `The whole text up to "-----END ${label}-----" belongs to the key.`,
    })
  }
  const found = label === undefined ? 'it has no PEM lines' : `its first line says "${label}"`
  return new UserError('KEY_NOT_COSIGN', `The signing key is no key that cosign reads: ${found}.`, {
    hint: whatFits,
  })
}

async function readCosign(body: Uint8Array, password: string | undefined): Promise<KeyObject> {
  // cosign locks with the empty password when none is given.
  const pkcs8 = await unlockKeyFile(body, password ?? '')
  if (pkcs8 === undefined) throw wrongPassword(password)
  try {
    return createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  } catch {
    // Its cause would not help: the box opened, so somebody put another thing inside.
    throw new UserError('KEY_UNREADABLE', 'The cosign key cannot be read: what it holds is no PKCS #8 key.', {
      hint: whatFits,
    })
  }
}

function readPem(pem: string, label: string, password: string | undefined): KeyObject {
  const isLocked = label === 'ENCRYPTED PRIVATE KEY' || pem.includes('ENCRYPTED')
  if (isLocked && password === undefined) throw wrongPassword(undefined)
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(isLocked && { passphrase: password ?? '' }) })
  } catch (cause) {
    if (isLocked) throw wrongPassword(password)
    throw new UserError('KEY_UNREADABLE', `The signing key ("${label}") cannot be read: it is damaged.`, {
      hint: 'Compare with what "openssl pkey -in FILE -noout -text" says about it.',
      cause,
    })
  }
}

function wrongPassword(password: string | undefined): UserError {
  if (password === undefined) {
    return new UserError('KEY_LOCKED', 'The signing key is locked with a password, and none is given.', {
      hint: 'Add "password: env:NAME" (or file:, cmd:) beside the key.',
    })
  }
  return new UserError('KEY_PASSPHRASE', 'The password does not unlock the signing key.', {
    hint: 'Try it: COSIGN_PASSWORD=... cosign public-key --key FILE. Its first line counts, and blanks around it.',
  })
}
