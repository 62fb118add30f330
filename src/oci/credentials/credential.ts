/** How a registry knows us. */
export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** A refresh token of the registry's token service (docker: "identitytoken"). */
  | { readonly kind: 'identity'; readonly token: string }
  /** A finished bearer token (docker: "registrytoken"). */
  | { readonly kind: 'bearer'; readonly token: string }

/** Undefined: anonymous. */
export type CredentialSource = (registry: string, repository: string) => Promise<Credential | undefined>

export const anonymous: CredentialSource = async () => undefined
