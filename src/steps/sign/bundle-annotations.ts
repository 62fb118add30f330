import type { Annotations } from '../../oci/descriptor.ts'

/** What cosign 3 writes beside a bundle, so that it is found without being read; with the time of the release. */
export const bundleAnnotations = (predicateType: string, epoch: number): Annotations => ({
  'dev.sigstore.bundle.content': 'dsse-envelope',
  'dev.sigstore.bundle.predicateType': predicateType,
  'org.opencontainers.image.created': new Date(epoch * 1000).toISOString().replace('.000Z', 'Z'),
})
