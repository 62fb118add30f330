import { z } from 'zod'
import { UserError } from '../../errors.ts'
import {
  type AttachedLayer,
  type Attachment,
  addLayers,
  attach,
  attachmentManifest,
  isSameLayer,
  layersAt,
} from '../../oci/attach.ts'
import { type RegistriesOptions, registriesOptions } from '../../oci/declared-registry.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import type { OciStore } from '../../oci/oci-store.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import {
  type ArtifactSigner,
  bundleMediaType,
  dsseMediaType,
  inTotoPayloadType,
} from '../../signing/artifact-signer.ts'
import { type Statement, statementBytes } from '../../signing/statement.ts'
import { type Choice, choice } from '../choice.ts'
import { openArtifactSigner } from '../keys.ts'
import { cosignTag, manifestsOf, pushedBy } from '../pushed.ts'
import { openRepositoryOf } from '../registries.ts'
import { bundleAnnotations } from '../sign/bundle-annotations.ts'
import { imageSboms } from './image-sboms.ts'
import { imageProvenance } from './provenance.ts'

type Options = {
  readonly image: string
  /** The step that built it. */
  readonly built: string
  /** The step that pushed it. */
  readonly from: string
  /** Steps that build the packages in it. */
  readonly packages: readonly string[]
  /** With their digests. */
  readonly bases: readonly string[]
  readonly keys: readonly Choice[]
  readonly registries: RegistriesOptions
}
type Result = { readonly repository: string; readonly statements: string[] }

interface Attestation {
  readonly subject: Descriptor
  readonly statement: Statement
}

/** Attaches signed statements to an image: bills of materials (CycloneDX, SPDX) and provenance (SLSA v1). */
export const attest: Step<Options, Result, { readonly missing: number; readonly types: string[] }> = {
  name: 'attest',
  describe: 'Attaches a bill of materials and the provenance to an image, signed.',
  options: z.object({
    image: z.string(),
    built: z.string(),
    from: z.string(),
    packages: z.array(z.string()),
    bases: z.array(z.string()),
    keys: z.array(choice).min(1),
    registries: registriesOptions,
  }),
  async probe(options, context) {
    const { store, attestations } = await wanted(options, context)
    let missing = 0
    for (const key of options.keys) {
      const signer = await openArtifactSigner(key, context)
      for (const one of attestations) if (!(await isAttached(store, one, signer, context))) missing++
    }
    return { state: 'present', evidence: { missing, types: typesOf(attestations) } }
  },
  decide({ image, from }, probe, context) {
    if (probe.state !== 'present') throw new Error('Reading a registry gives its attestations or throws')
    const { repository } = pushedBy(context, from)
    const { missing, types } = probe.evidence
    if (missing > 0)
      return { kind: 'create', summary: `${missing} attestations of ${image} in ${repository}` }
    return { kind: 'keep', summary: `${image} is attested`, result: { repository, statements: types } }
  },
  async act(_change, options, context) {
    const { store, attestations, repository } = await wanted(options, context)
    for (const key of options.keys) {
      const signer = await openArtifactSigner(key, context)
      for (const one of attestations) {
        if (await isAttached(store, one, signer, context)) continue
        const { layer, bundle } = await attachmentOf(one, signer, context)
        await addLayers(store, cosignTag(one.subject.digest, 'att'), [layer], context)
        await attach(store, bundle, context)
      }
    }
    return { repository, statements: typesOf(attestations) }
  },
  async verify(_result, options, context) {
    const { store, attestations, repository } = await wanted(options, context)
    for (const key of options.keys) {
      const signer = await openArtifactSigner(key, context)
      for (const one of attestations) {
        if (await isAttached(store, one, signer, context)) continue
        throw new UserError(
          'IMAGE_UNATTESTED',
          `${repository} does not give an attestation of ${one.subject.digest} back.`,
          {
            hint: 'Run it again; if that does not help, the registry loses lists of referrers.',
          },
        )
      }
    }
  },
}

const typesOf = (attestations: readonly Attestation[]): string[] => [
  ...new Set(attestations.map(({ statement }) => statement.predicateType)),
]

async function wanted(options: Options, context: StepContext) {
  const { repository, digest } = pushedBy(context, options.from)
  const store = openRepositoryOf(repository, options.registries, context)
  const subjects = await manifestsOf(store, digest, context.signal)
  const attestations: Attestation[] = []
  for (const subject of subjects) {
    const named = { name: repository, digest: subject.digest }
    attestations.push({ subject, statement: imageProvenance(named, options, context) })
    for (const statement of await imageSboms(named, subject, options, context))
      attestations.push({ subject, statement })
  }
  return { repository, store, attestations }
}

interface SignedAttestation {
  readonly layer: AttachedLayer
  readonly bundle: Attachment
}

async function attachmentOf(
  { subject, statement }: Attestation,
  signer: ArtifactSigner,
  { run }: StepContext,
): Promise<SignedAttestation> {
  const { predicateType } = statement
  const { bytes } = await signer.signDsse(statementBytes(statement), inTotoPayloadType)
  const { dsseEnvelope } = JSON.parse(Buffer.from(bytes).toString('utf8'))
  return {
    layer: {
      bytes: Buffer.from(JSON.stringify(dsseEnvelope)),
      mediaType: dsseMediaType,
      annotations: { 'dev.cosignproject.cosign/signature': '', predicateType },
    },
    bundle: {
      artifactType: bundleMediaType,
      layer: { bytes, mediaType: bundleMediaType },
      subject,
      annotations: bundleAnnotations(predicateType, run.epoch),
    },
  }
}

/** A key gives the same bytes each time; of an identity, any attestation of that type counts. */
async function isAttached(
  store: OciStore,
  one: Attestation,
  signer: ArtifactSigner,
  context: StepContext,
): Promise<boolean> {
  const { subject, statement } = one
  const bundles = await store.referrers(subject.digest, { ...context, artifactType: bundleMediaType })
  if (!signer.deterministic) {
    const typeKey = 'dev.sigstore.bundle.predicateType'
    return bundles.some(({ annotations }) => annotations?.[typeKey] === statement.predicateType)
  }
  const { layer, bundle } = await attachmentOf(one, signer, context)
  const { digest } = attachmentManifest(bundle)
  if (!bundles.some((there) => there.digest === digest)) return false
  const layers = await layersAt(store, cosignTag(subject.digest, 'att'), context)
  return layers.some((there) => isSameLayer(layer, there))
}
