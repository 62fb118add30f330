import type { Signer } from '../signing/signer.ts'
import type { Storage } from '../storage/storage.ts'
import type { ClientFile, RepositoryFormat, Upload } from './repository-format.ts'

export interface ClientFilesRequest {
  readonly format: RepositoryFormat
  readonly storage: Storage
  readonly signers: readonly Signer[]
  /** The repository's name in hawser.yaml; client files are called after it. */
  readonly name: string
  /** Where clients find it, when that is not where the storage says. */
  readonly publicUrl?: string | undefined
  /** A package installs its keys, and keeps them up to date. */
  readonly hasKeyringPackage?: boolean | undefined
}

export function clientFilesOf({
  format,
  storage,
  signers,
  name,
  publicUrl,
  hasKeyringPackage = false,
}: ClientFilesRequest): readonly ClientFile[] {
  return format.clientFiles({
    signers,
    name,
    publicUrl: (publicUrl ?? storage.url).replace(/\/+$/, ''),
    hasKeyringPackage,
  })
}

export function clientUploads(request: ClientFilesRequest): readonly Upload[] {
  return clientFilesOf(request).map(({ path, body, contentType }) => ({
    path,
    body,
    contentType,
    caching: 'entry',
  }))
}
