import { UserError } from '../../errors.ts'
import type { Signer } from '../../signing/signer.ts'
import { armor, dearmor } from '../armor.ts'

const begin = '-----BEGIN PGP SIGNED MESSAGE-----'
const signatureBegin = '-----BEGIN PGP SIGNATURE-----'

/** RFC 9580, 7: the text of a signed message, without checking who signed it. Unsigned text is returned as it is. */
export function signedText(
  message: string,
  path: string,
): { readonly text: string; readonly isSigned: boolean } {
  const lines = message.split(/\r?\n/)
  if (lines[0]?.trimEnd() !== begin) {
    if (message.includes(begin)) throw unreadable(path, 'there is text before the signed message')
    return { text: message, isSigned: false }
  }
  const headersEnd = lines.indexOf('')
  const end = lines.findIndex((line) => line.trimEnd() === signatureBegin)
  if (headersEnd === -1 || end < headersEnd) throw unreadable(path, 'its signature is missing')
  const body = lines.slice(headersEnd + 1, end)
  const text = body.map((line) => (line.startsWith('- ') ? line.slice(2) : line)).join('\n')
  return { text: withLineEnd(text), isSigned: true }
}

/** Exactly one line end at the end, as in the Release file beside it. */
export const withLineEnd = (text: string): string => `${text.replace(/\n+$/, '')}\n`

/** One message with the signature of every key, so that clients with an old or a new key accept it. */
export async function signCleartext(signers: readonly Signer[], text: string, date: Date): Promise<string> {
  const messages = await Promise.all(signers.map((signer) => signer.signCleartext(text, date)))
  const [first, ...others] = messages
  if (first === undefined) throw new Error('Only signed repositories have a cleartext signature')
  if (others.length === 0) return first
  const packets = messages.map((message) =>
    dearmor('PGP SIGNATURE', message.slice(message.indexOf(signatureBegin))),
  )
  const hashes = new Set(messages.map((message) => message.split('\n')[1] ?? ''))
  const body = first.slice(first.indexOf('\n\n') + 2, first.indexOf(signatureBegin))
  return `${begin}\n${[...hashes].join('\n')}\n\n${body}${armor('PGP SIGNATURE', packets)}`
}

export async function signDetached(
  signers: readonly Signer[],
  data: Uint8Array,
  date: Date,
): Promise<string> {
  return armor('PGP SIGNATURE', await Promise.all(signers.map((signer) => signer.signDetached(data, date))))
}

const unreadable = (path: string, why: string): UserError =>
  new UserError('APT_SIGNED_MESSAGE', `${path} is not a readable signed message: ${why}.`, {
    hint: 'The file is cut off or damaged. Restore it from a backup; nothing was changed.',
  })
