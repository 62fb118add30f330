import { TransientError } from '../../errors.ts'

export interface TrustedRootSource {
  /** Where sigstore's TUF metadata is kept between runs. */
  readonly cacheFolder: string
  /** A sigstore of one's own: its TUF repository, and the first `root.json` that is trusted. */
  readonly mirror?: { readonly url: string; readonly rootFile: string }
  readonly retries?: number
}

/**
 * `trusted_root.json` of sigstore, by TUF: the first root of the public instance is part of the library, everything after
 * it is signed. To verify without network, keep what this returns.
 */
export async function fetchTrustedRoot({
  cacheFolder,
  mirror,
  retries = 2,
}: TrustedRootSource): Promise<string> {
  const { getTrustedRoot } = await import('@sigstore/tuf')
  const { TrustedRoot } = await import('@sigstore/protobuf-specs')
  try {
    const root = await getTrustedRoot({
      cachePath: cacheFolder,
      retry: retries,
      timeout: 30_000,
      ...(mirror !== undefined && { mirrorURL: mirror.url, rootPath: mirror.rootFile }),
    })
    return JSON.stringify(TrustedRoot.toJSON(root))
  } catch (cause) {
    throw new TransientError('TRUSTED_ROOT_FETCH', "Sigstore's trusted root cannot be fetched.", {
      hint: 'Verification works without network when a trusted_root.json is given.',
      cause,
    })
  }
}
