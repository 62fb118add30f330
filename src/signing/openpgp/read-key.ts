import { type Key, type PrivateKey, readKeys } from 'openpgp'
import { UserError } from '../../errors.ts'
import { settings } from './settings.ts'

const exportHint = 'Export it with: gpg --armor --export-secret-keys <fingerprint>'

/** Reads the one private key of a file, a variable or a command: armored, binary, or either of them in base64. */
export async function readPrivateKey(written: string | Uint8Array): Promise<PrivateKey> {
  const keys = await parseKeys(unpack(written), 'private')
  const [first, ...more] = keys.filter((key) => key.isPrivate())
  if (first === undefined) throw onlyPublic(keys)
  if (more.length > 0) throw several([first, ...more])
  return first
}

/** Reads all public keys of a keyring; private keys give their public part. */
export async function readPublicKeys(written: string | Uint8Array): Promise<Key[]> {
  const keys = await parseKeys(unpack(written), 'public')
  return keys.map((key) => key.toPublic())
}

type Unpacked = { readonly armoredBlocks: readonly string[] } | { readonly binary: Uint8Array }

function unpack(written: string | Uint8Array): Unpacked {
  const bytes = Buffer.from(written)
  // Every OpenPGP packet begins with the high bit set, so text and binary cannot be confused.
  if (((bytes[0] ?? 0) & 0x80) !== 0) return { binary: new Uint8Array(bytes) }
  const text = bytes.toString().trim()
  if (text === '') throw new UserError('KEY_EMPTY', 'The signing key is empty.', { hint: exportHint })
  const blocks = text.match(/-----BEGIN PGP [A-Z ]+-----.*?-----END PGP [A-Z ]+-----/gs)
  if (blocks !== null) return { armoredBlocks: blocks }
  // CI systems hold multi-line secrets as one line of base64.
  const isBase64 = /^[A-Za-z0-9+/\s]+=*\s*$/.test(text)
  const decoded = isBase64 ? Buffer.from(text, 'base64') : Buffer.alloc(0)
  if (((decoded[0] ?? 0) & 0x80) !== 0 || decoded.includes('-----BEGIN PGP ')) return unpack(decoded)
  throw notOpenPgp(text)
}

function notOpenPgp(text: string): UserError {
  const label = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(text)?.[1]
  if (label?.startsWith('PGP ') === true) {
    return new UserError('KEY_UNREADABLE', 'The OpenPGP key is cut off: its last line is missing.', {
      hint: `The whole text up to "-----END ${label}-----" belongs to the key. ${exportHint}`,
    })
  }
  const found = label === undefined ? 'it is neither armored nor binary' : `its first line says "${label}"`
  return new UserError('KEY_NOT_OPENPGP', `The signing key is not an OpenPGP key: ${found}.`, {
    hint: exportHint,
  })
}

async function parseKeys(unpacked: Unpacked, wanted: 'private' | 'public'): Promise<Key[]> {
  try {
    if ('binary' in unpacked) return await readKeys({ binaryKeys: unpacked.binary, config: settings })
    const keys: Key[] = []
    for (const block of unpacked.armoredBlocks) {
      keys.push(...(await readKeys({ armoredKeys: block, config: settings })))
    }
    return keys
  } catch (cause) {
    throw new UserError(
      'KEY_UNREADABLE',
      `The OpenPGP ${wanted} key cannot be read: it is damaged or unusual.`,
      {
        hint: `Compare with what "gpg --show-keys" says about it. ${wanted === 'private' ? exportHint : ''}`.trim(),
        cause,
      },
    )
  }
}

function onlyPublic(keys: readonly Key[]): UserError {
  const which = keys[0] === undefined ? 'no key' : `only the public key ${fingerprintOf(keys[0])}`
  return new UserError('KEY_PUBLIC', `The signing key's file has ${which}; signing needs the private key.`, {
    hint: exportHint,
  })
}

function several(keys: readonly Key[]): UserError {
  const list = keys.map((key) => `${fingerprintOf(key)} ${key.getUserIDs()[0] ?? ''}`.trim()).join('\n')
  return new UserError('KEY_SEVERAL', `The signing key's file has ${keys.length} private keys.`, {
    hint: `Export only the one that is to sign:\n${list}`,
  })
}

export const fingerprintOf = (key: Key): string => key.getFingerprint().toUpperCase()
