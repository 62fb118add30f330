import type { Integrity } from '../download.ts'

/** Subresource integrity as npm writes it. sha1 is missing on purpose: it can be forged. */
export const integrityPattern =
  /^sha(?:512-[A-Za-z0-9+/]{86}==|384-[A-Za-z0-9+/]{64}|256-[A-Za-z0-9+/]{43}=)$/

/** Text that fits the pattern → what a download is compared with. */
export function parseIntegrity(text: string): Integrity {
  const [algorithm = '', digest = ''] = text.split('-')
  if (algorithm !== 'sha256' && algorithm !== 'sha384' && algorithm !== 'sha512') {
    throw new Error(`The integrity "${text}" was not checked by its schema`)
  }
  return {
    algorithm,
    hex: Buffer.from(digest, 'base64').toString('hex'),
    show: (hex) => `${algorithm}-${Buffer.from(hex, 'hex').toString('base64')}`,
  }
}

/** The member of a registry's list that uses the same algorithm as the pin; a list may have several, or none of it. */
export function sameAlgorithm(pin: string, listed: string | undefined): string | undefined {
  const prefix = pin.slice(0, pin.indexOf('-') + 1)
  return listed?.split(/\s+/).find((member) => member.startsWith(prefix))
}
