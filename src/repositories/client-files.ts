import type { Signer } from '../signing/signer.ts'
import type { Storage } from '../storage/storage.ts'
import { armor } from './armor.ts'
import type { ClientFile, RepositoryFormat, Upload } from './repository-format.ts'

export interface ClientFilesRequest {
  readonly format: RepositoryFormat
  readonly storage: Storage
  readonly signers: readonly Signer[]
  /** The repository's name in hawser.yaml; client files are called after it. */
  readonly name: string
  /** Where clients find it, when that is not where the storage says. */
  readonly publicUrl?: string | undefined
  /** Another name under which the public key is there for clients, at the top. */
  readonly publicKeyFile?: string | undefined
  /** A package installs its keys, and keeps them up to date. */
  readonly hasKeyringPackage?: boolean | undefined
}

export function clientFilesOf({
  format,
  storage,
  signers,
  name,
  publicUrl,
  publicKeyFile,
  hasKeyringPackage = false,
}: ClientFilesRequest): readonly ClientFile[] {
  const files = format.clientFiles({
    signers,
    name,
    publicUrl: (publicUrl ?? storage.url).replace(/\/+$/, ''),
    hasKeyringPackage,
  })
  if (publicKeyFile === undefined || signers.length === 0) return files
  const keys = signers.map(({ publicKeyBinary }) => publicKeyBinary)
  const own: ClientFile = {
    path: publicKeyFile,
    // One block with all keys: readers of armored files stop at the end of the first.
    body: Buffer.from(armor('PGP PUBLIC KEY BLOCK', keys)),
    contentType: 'application/pgp-keys',
    installAs: publicKeyFile,
  }
  return [...files.filter(({ path }) => path !== publicKeyFile), own]
}

export function clientUploads(request: ClientFilesRequest): readonly Upload[] {
  return clientFilesOf(request).map(({ path, body, contentType }) => ({
    path,
    body,
    contentType,
    caching: 'entry',
  }))
}
