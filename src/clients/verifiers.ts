import { type Fact, known, run } from './evidence.ts'

/** Kinds of OpenPGP keys, as far as clients treat them differently. */
export const keyKinds = [
  'rsa',
  'ed25519',
  'NIST curve',
  'Ed25519 (algorithm 27)',
  'OpenPGP v6',
  'Ed448',
  'other',
] as const

export type KeyKind = (typeof keyKinds)[number]

export interface Verifier {
  /** For people. */
  readonly title: string
  /** Kinds of keys whose signatures it accepts. */
  readonly keys: Fact<readonly KeyKind[]>
}

/** What checks signatures on clients, in the order in which people ask about it. */
export const verifiers = {
  'rpm 4.11': { title: 'rpm 4.11 (EL 7)', keys: known(['rsa']) },
  'rpm 4.14': { title: 'rpm 4.14 (EL 8)', keys: known(['rsa']) },
  'rpm 4.16': { title: 'rpm 4.16 (Debian 11)', keys: run(['rsa']) },
  'rpm 4.18': { title: 'rpm 4.18 (Debian 12)', keys: run(['rsa', 'ed25519']) },
  'rpm 4.20': {
    title: 'rpm 4.20',
    keys: run(['rsa', 'ed25519', 'NIST curve', 'Ed25519 (algorithm 27)', 'Ed448']),
  },
  'rpm 6.1': {
    title: 'rpm 6.1',
    keys: run(['rsa', 'ed25519', 'NIST curve', 'Ed25519 (algorithm 27)', 'OpenPGP v6', 'Ed448']),
  },
  gpgv: { title: 'apt 2.2 to 2.6 (gpgv)', keys: run(['rsa', 'ed25519', 'NIST curve']) },
  sqv: {
    title: 'apt 3 (sqv)',
    keys: run(['rsa', 'ed25519', 'NIST curve', 'Ed25519 (algorithm 27)', 'OpenPGP v6', 'Ed448']),
  },
  gpgme: { title: 'dnf repository metadata (gpgme)', keys: run(['rsa', 'ed25519', 'NIST curve']) },
} as const satisfies { readonly [name: string]: Verifier }

export type VerifierName = keyof typeof verifiers

export const accepts = (verifier: VerifierName, kind: KeyKind): boolean =>
  new Set<KeyKind>(verifiers[verifier].keys.value).has(kind)
