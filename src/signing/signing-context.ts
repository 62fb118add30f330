import type { SecretContext } from '../lib/secret.ts'

/** What a kind of signing gets from its caller, beside its options. */
export interface SigningContext extends SecretContext {
  /** The wall clock: whether the key is valid today. */
  readonly now: Date
  /** Called with each secret before it is used, so that nothing can print it. */
  maskSecret(secret: string | Uint8Array): void
}
