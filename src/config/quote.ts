/** What a value looks like in a message: quoted, short, on one line, and never a secret. */
export function quote(value: unknown): string {
  if (typeof value === 'string') return looksSecret(value) ? 'The value' : JSON.stringify(shortened(value))
  if (value === null || value === undefined) return 'An empty value'
  if (Array.isArray(value)) return 'A list'
  return typeof value === 'object' ? 'A map' : String(value)
}

export const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text)

/** Forms of credentials that never stand in a file which is committed. */
const secretForms: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY( BLOCK)?-----/,
  /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})/,
  /\bglpat-[A-Za-z0-9_-]{16,}/,
  /\bnpm_[A-Za-z0-9]{30,}/,
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/,
  /\bAIza[0-9A-Za-z_-]{35}/,
  /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/,
]

const urlPassword = /\b[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:[^\s/@]+@/i

export const looksSecret = (text: string): boolean =>
  secretForms.some((form) => form.test(text)) || hasUrlPassword(text)

export const hasUrlPassword = (text: string): boolean => urlPassword.test(text)

/** Names under which a secret is usually kept. */
const secretName =
  /(?:secret|passw|passphrase|token|credential|private|api_?key|access_?key|_key$|^key$|_pat$|auth)/i

export const isSecretName = (name: string): boolean => secretName.test(name)
