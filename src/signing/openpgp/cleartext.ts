import { enums, type Signature } from 'openpgp'
import { settings } from './settings.ts'

/** RFC 9580, 7.1 and 7.2: white space at line ends is not signed, so it is not published either; nor is the last line end. */
export function signedForm(text: string): string {
  return text
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
    .map((line) => line.replace(/[ \t\r]+$/, ''))
    .join('\n')
}

/** RFC 9580, 7: the text in readable form, and an armored text signature over it. openpgp.js's own has CRLF in it. */
export function cleartextMessage(form: string, signature: Signature): string {
  const escaped = form.replaceAll(/^(-|From )/gm, '- $1')
  return `-----BEGIN PGP SIGNED MESSAGE-----\nHash: ${hashOf(signature)}\n\n${escaped}\n${signature.armor(settings)}`
}

function hashOf(signature: Signature): string {
  const algorithm = signature.packets[0]?.hashAlgorithm
  const [name] = Object.entries(enums.hash).find(([, value]) => value === algorithm) ?? []
  if (name === undefined) throw new Error('A signature that was just made has a hash algorithm')
  return name.toUpperCase()
}
