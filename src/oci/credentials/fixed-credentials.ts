import type { Credential, CredentialSource } from './credential.ts'

/** Credentials that somebody declared for one registry; nobody else ever gets them. */
export const fixedCredentials =
  (host: string, credential: Credential): CredentialSource =>
  async (registry) =>
    registry === host ? credential : undefined

/** The first source that knows the registry. */
export const firstOf =
  (...sources: readonly CredentialSource[]): CredentialSource =>
  async (registry, repository) => {
    for (const source of sources) {
      const credential = await source(registry, repository)
      if (credential !== undefined) return credential
    }
    return undefined
  }
