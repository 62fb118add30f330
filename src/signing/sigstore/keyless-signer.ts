import type { SerializedBundle } from '@sigstore/bundle'
import type { Artifact, Bundle, BundleBuilderOptions } from '@sigstore/sign'
import { type ArtifactSigner, bundleMediaType, type SigstoreBundle } from '../artifact-signer.ts'
import { layerAnnotations } from './layer-annotations.ts'
import { serviceError } from './service-error.ts'

export interface KeylessServices {
  readonly fulcioUrl: string
  readonly rekorUrl: string
  /** 2 logs without a time of its own: it needs a timestamp authority. */
  readonly rekorVersion: 1 | 2
  readonly timestampUrl?: string | undefined
}

export interface KeylessOptions {
  readonly services: KeylessServices
  /** Where the identity comes from, for people. */
  readonly title: string
  /** A fresh OIDC token, asked for with every signature. */
  token(): Promise<string>
  readonly retries?: number
}

const timeoutMs = 30_000

/**
 * Signs with a key that exists for one signature. Who signed is in a certificate of ten minutes, that it was in time in a
 * public log: both go into the bundle, so that it verifies for ever, without network.
 */
export function keylessSigner(options: KeylessOptions): ArtifactSigner {
  return {
    kind: 'identity',
    title: options.title,
    deterministic: false,
    signSimple: async (payload) => {
      const bundle = await signMessage(options, payload)
      const annotations = layerAnnotations(bundle)
      const signature = Buffer.from(bundle.messageSignature?.signature ?? '', 'base64')
      return { signature, annotations }
    },
    signDsse: async (payload, payloadType) => {
      const { DSSEBundleBuilder } = await import('@sigstore/sign')
      const builder = new DSSEBundleBuilder(await builderOptions(options))
      return written(await serialized(builder, { data: Buffer.from(payload), type: payloadType }))
    },
    signMessage: async (data) => written(await signMessage(options, data)),
  }
}

async function signMessage(options: KeylessOptions, data: Uint8Array): Promise<SerializedBundle> {
  const { MessageSignatureBundleBuilder } = await import('@sigstore/sign')
  const builder = new MessageSignatureBundleBuilder(await builderOptions(options))
  return serialized(builder, { data: Buffer.from(data) })
}

async function builderOptions({
  services,
  token,
  retries = 2,
}: KeylessOptions): Promise<BundleBuilderOptions> {
  const { FulcioSigner, RekorWitness, TSAWitness } = await import('@sigstore/sign')
  // Asked here, so that its own error comes through: the library wraps what an identity provider throws.
  const fetched = await token()
  const common = { retry: retries, timeout: timeoutMs }
  const { fulcioUrl, rekorUrl, rekorVersion, timestampUrl } = services
  const rekor = new RekorWitness({
    ...common,
    rekorBaseURL: rekorUrl,
    majorApiVersion: rekorVersion,
    entryType: 'dsse',
  })
  return {
    signer: new FulcioSigner({
      ...common,
      fulcioBaseURL: fulcioUrl,
      identityProvider: { getToken: async () => fetched },
    }),
    witnesses: [
      rekor,
      ...(timestampUrl === undefined ? [] : [new TSAWitness({ ...common, tsaBaseURL: timestampUrl })]),
    ],
  }
}

async function serialized(
  builder: { create(artifact: Artifact): Promise<Bundle> },
  artifact: Artifact,
): Promise<SerializedBundle> {
  const { bundleToJSON } = await import('@sigstore/bundle')
  const bundle = await builder.create(artifact).catch((error: unknown) => {
    throw serviceError(error)
  })
  return latest(bundleToJSON(bundle))
}

/** The library writes messages as version 0.2, with a chain of one certificate; 0.3 has that one alone. */
function latest(bundle: SerializedBundle): SerializedBundle {
  const [certificate] = bundle.verificationMaterial.x509CertificateChain?.certificates ?? []
  if (certificate === undefined) return bundle
  const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial
  return {
    ...bundle,
    mediaType: bundleMediaType,
    verificationMaterial: {
      x509CertificateChain: undefined,
      publicKey: undefined,
      certificate,
      tlogEntries,
      timestampVerificationData,
    },
  }
}

function written(bundle: SerializedBundle): SigstoreBundle {
  return { mediaType: bundleMediaType, bytes: Buffer.from(JSON.stringify(bundle)) }
}
