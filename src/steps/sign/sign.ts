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
import { type ArtifactSigner, bundleMediaType, inTotoPayloadType } from '../../signing/artifact-signer.ts'
import { simpleSigningMediaType, simpleSigningPayload } from '../../signing/simple-signing.ts'
import { predicateTypes, signatureStatement } from '../../signing/statement.ts'
import { type Choice, choice } from '../choice.ts'
import { openArtifactSigner } from '../keys.ts'
import { cosignTag, manifestsOf, pushedBy } from '../pushed.ts'
import { openRepositoryOf } from '../registries.ts'
import { bundleAnnotations } from './bundle-annotations.ts'

type Options = {
  /** The step that pushed what is signed. */
  readonly from: string
  readonly keys: readonly Choice[]
  readonly registries: RegistriesOptions
}
type Result = { readonly repository: string; readonly signed: string[] }

/** One signature by one key, in both forms that verifiers look for. */
interface Signature {
  readonly subject: Descriptor
  readonly simple: AttachedLayer
  readonly bundle: Attachment
}

/** Signs what was pushed, the index and the image of each platform, as cosign 1 to 3 find it. */
export const sign: Step<Options, Result, { readonly missing: number; readonly signed: string[] }> = {
  name: 'sign',
  describe: 'Signs an image or module in its registry.',
  options: z.object({ from: z.string(), keys: z.array(choice).min(1), registries: registriesOptions }),
  async probe(options, context) {
    const { store, subjects } = await subjectsOf(options, context)
    let missing = 0
    for (const key of options.keys) {
      const signer = await openArtifactSigner(key, context)
      for (const subject of subjects) {
        if (!(await isSigned(store, subject, signer, options, context))) missing++
      }
    }
    return { state: 'present', evidence: { missing, signed: subjects.map(({ digest }) => digest) } }
  },
  decide({ from }, probe, context) {
    if (probe.state !== 'present') throw new Error('Reading a registry gives its signatures or throws')
    const { repository } = pushedBy(context, from)
    const { missing, signed } = probe.evidence
    if (missing === 0)
      return { kind: 'keep', summary: `${repository} is signed`, result: { repository, signed } }
    return { kind: 'create', summary: `${missing} signatures in ${repository}` }
  },
  async act(_change, options, context) {
    const { store, subjects, repository } = await subjectsOf(options, context)
    for (const key of options.keys) {
      const signer = await openArtifactSigner(key, context)
      for (const subject of subjects) {
        if (await isSigned(store, subject, signer, options, context)) continue
        const { simple, bundle } = await signatureOf(repository, subject, signer, context)
        await addLayers(store, cosignTag(subject.digest, 'sig'), [simple], context)
        await attach(store, bundle, context)
      }
    }
    return { repository, signed: subjects.map(({ digest }) => digest) }
  },
  async verify(_result, options, context) {
    const { store, subjects, repository } = await subjectsOf(options, context)
    for (const key of options.keys) {
      const signer = await openArtifactSigner(key, context)
      for (const subject of subjects) {
        if (await isSigned(store, subject, signer, options, context)) continue
        throw new UserError(
          'IMAGE_UNSIGNED',
          `${repository} does not give the signature of ${subject.digest} back.`,
          {
            hint: 'Run it again; if that does not help, the registry loses signatures or lists of referrers.',
          },
        )
      }
    }
  },
}

async function subjectsOf({ from, registries }: Options, context: StepContext) {
  const { repository, digest } = pushedBy(context, from)
  const store = openRepositoryOf(repository, registries, context)
  return { repository, store, subjects: await manifestsOf(store, digest, context.signal) }
}

async function signatureOf(
  repository: string,
  subject: Descriptor,
  signer: ArtifactSigner,
  { run }: StepContext,
): Promise<Signature> {
  const payload = simpleSigningPayload(repository, subject.digest)
  const { annotations } = await signer.signSimple(payload)
  const bundle = await signer.signDsse(signatureStatement(subject.digest), inTotoPayloadType)
  return {
    subject,
    simple: { bytes: payload, mediaType: simpleSigningMediaType, annotations },
    bundle: {
      artifactType: bundleMediaType,
      layer: { bytes: bundle.bytes, mediaType: bundleMediaType },
      subject,
      annotations: bundleAnnotations(predicateTypes.cosignSign, run.epoch),
    },
  }
}

/** In both forms. A key gives the same bytes each time; of an identity, any signature of this run's image counts. */
async function isSigned(
  store: OciStore,
  subject: Descriptor,
  signer: ArtifactSigner,
  { from }: Options,
  context: StepContext,
): Promise<boolean> {
  const { repository } = pushedBy(context, from)
  const simple = await layersAt(store, cosignTag(subject.digest, 'sig'), context)
  const bundles = await store.referrers(subject.digest, { ...context, artifactType: bundleMediaType })
  if (!signer.deterministic) {
    const payload = {
      bytes: simpleSigningPayload(repository, subject.digest),
      mediaType: simpleSigningMediaType,
    }
    return simple.some((one) => isSameLayer(payload, one)) && bundles.some(isSignature)
  }
  const wanted = await signatureOf(repository, subject, signer, context)
  const { digest } = attachmentManifest(wanted.bundle)
  return simple.some((one) => isSameLayer(wanted.simple, one)) && bundles.some((one) => one.digest === digest)
}

const isSignature = ({ annotations }: Descriptor): boolean =>
  annotations?.['dev.sigstore.bundle.predicateType'] === predicateTypes.cosignSign
