import { TransientError } from '../../errors.ts'

export interface TrustedRootSource {
  /** Where sigstore's TUF metadata is kept between runs. */
  readonly cacheFolder: string
  /** Another TUF repository than that of the public instance. */
  readonly mirrorUrl?: string
}

/**
 * `trusted_root.json` of sigstore, by TUF: the first root is part of the library, everything after is signed. For
 * verification without network, keep what this returns.
 */
export async function fetchTrustedRoot({ cacheFolder, mirrorUrl }: TrustedRootSource): Promise<string> {
  const { getTrustedRoot } = await import('@sigstore/tuf')
  const { TrustedRoot } = await import('@sigstore/protobuf-specs')
  try {
    const root = await getTrustedRoot({
      cachePath: cacheFolder,
      retry: 2,
      timeout: 30_000,
      ...(mirrorUrl !== undefined && { mirrorURL: mirrorUrl }),
    })
    return JSON.stringify(TrustedRoot.toJSON(root))
  } catch (cause) {
    throw new TransientError('TRUSTED_ROOT_FETCH', "Sigstore's trusted root cannot be fetched.", {
      hint: 'Verification works without network when a trusted_root.json is given.',
      cause,
    })
  }
}
