import type { Digest } from '../lib/digest.ts'

/** A file that a release is made of, by digest; its bytes are in the artifact store. JSON: goes into step results. */
export interface Artifact {
  /** File name as users see it, e.g. `hello_1.0.0-1_amd64.deb`. */
  readonly name: string
  readonly kind: ArtifactKind
  readonly digest: Digest
  readonly sizeBytes: number
}

/** What is true of a kind of artifact, written once. */
export const artifactKinds = {
  deb: { describe: 'Debian package', mediaType: 'application/vnd.debian.binary-package' },
  rpm: { describe: 'RPM package', mediaType: 'application/x-rpm' },
  checksums: { describe: 'SHA-256 checksums', mediaType: 'text/plain; charset=utf-8' },
  file: { describe: 'file', mediaType: 'application/octet-stream' },
} as const

export type ArtifactKind = keyof typeof artifactKinds
