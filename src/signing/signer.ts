import type { KeyKind } from '../clients/verifiers.ts'

/** What others get of a key. */
export interface PublicKey {
  /** Upper-case hex of the primary key's fingerprint. */
  readonly fingerprint: string
  /** For people, e.g. "Release Team <release@example.org>". */
  readonly userId: string
  /** What goes beside a repository, and into `rpm --import`. */
  readonly publicKeyArmored: string
  readonly publicKeyBinary: Uint8Array
}

/**
 * A key that can sign. Making a signer reads and checks the whole key first: expired, locked or unusable keys fail here.
 * A date before the key's own is moved to the key's: commits may be older than keys, but no client accepts a signature
 * that is older than its key.
 */
export interface Signer extends PublicKey {
  /** Such as "rsa4096" or "ed25519". */
  readonly algorithm: string
  /** What clients judge it by. */
  readonly kind: KeyKind
  /** Of an RSA key. */
  readonly bits?: number | undefined
  /** When clients stop accepting what this key signs; absent when it never expires. */
  readonly expiresAt?: Date
  /** For people: what does not stop signing, such as clients that cannot read this kind of key. */
  readonly warnings?: readonly string[]
  /** OpenPGP v4 detached binary signature packet (RFC 9580, 5.2.3); same data, key and date give the same bytes. */
  signDetached(data: Uint8Array, date: Date): Promise<Uint8Array>
  /** The same, ASCII armored. */
  signDetachedArmored(data: Uint8Array, date: Date): Promise<string>
  /** Cleartext signature framework (RFC 9580, 7): what InRelease is. */
  signCleartext(text: string, date: Date): Promise<string>
}

/** Checks signatures against public keys that the reader trusts. */
export interface SignatureVerifier {
  /** Throws a UserError that names what is wrong; returns the fingerprint of the key that signed. */
  verifyDetached(data: Uint8Array, signature: Uint8Array | string): Promise<string>
  /** Returns the signed text, which ends with a line end, and the fingerprint. */
  verifyCleartext(message: string): Promise<{ text: string; fingerprint: string }>
}
