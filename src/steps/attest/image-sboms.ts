import { hexOf } from '../../lib/digest.ts'
import { hawserVersion } from '../../lib/hawser-version.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import { readImageFiles } from '../../oci/image-files.ts'
import { isIndexType } from '../../oci/media-types.ts'
import { readManifest } from '../../oci/read-manifest.ts'
import { packageFormat } from '../../packages/index.ts'
import type { StepContext } from '../../pipeline/step.ts'
import { cyclonedxSbom } from '../../signing/attest/cyclonedx.ts'
import { packageUrl } from '../../signing/attest/package-url.ts'
import type { Sbom, SbomComponent } from '../../signing/attest/sbom.ts'
import { sbomStatement } from '../../signing/attest/sbom-statement.ts'
import { spdxSbom } from '../../signing/attest/spdx.ts'
import type { Statement, StatementSubject } from '../../signing/statement.ts'
import { artifactsOf, projectStore } from '../artifacts.ts'
import { openBuiltImage } from '../images.ts'
import type { ImageOrigin } from './provenance.ts'

/** Both forms of the bill of materials of one manifest of an image. */
export async function imageSboms(
  subject: StatementSubject,
  manifest: Descriptor,
  origin: ImageOrigin,
  context: StepContext,
): Promise<readonly Statement[]> {
  const sbom = await sbomOf(subject, manifest, origin, context)
  return [
    sbomStatement('cyclonedx', [subject], await cyclonedxSbom(sbom)),
    sbomStatement('spdx', [subject], await spdxSbom(sbom)),
  ]
}

async function sbomOf(
  subject: StatementSubject,
  manifest: Descriptor,
  origin: ImageOrigin,
  context: StepContext,
): Promise<Sbom> {
  const { run } = context
  const root: SbomComponent = {
    id: imageUrl(origin.image, manifest, subject.name),
    type: 'image',
    name: origin.image,
    version: run.version,
    purl: imageUrl(origin.image, manifest, subject.name),
    digests: { sha256: hexOf(manifest.digest) },
  }
  const components = isIndexType(manifest.mediaType)
    ? await platformComponents(subject, manifest, origin, context)
    : [...(await packageComponents(origin, context)), ...(await fileComponents(manifest, origin, context))]
  return {
    subject: root,
    components,
    relations: components.map(({ id }) => ({ from: root.id, kind: 'contains', to: id })),
    date: new Date(run.epoch * 1000),
    toolVersion: hawserVersion(),
  }
}

/** Package URL specification, type "oci". */
const imageUrl = (name: string, { digest }: Descriptor, repository: string | undefined): string =>
  packageUrl({
    type: 'oci',
    name: name.toLowerCase(),
    version: digest,
    qualifiers: repository === undefined ? {} : { repository_url: repository },
  })

async function platformComponents(
  subject: StatementSubject,
  { digest }: Descriptor,
  { image }: ImageOrigin,
  context: StepContext,
): Promise<readonly SbomComponent[]> {
  const layout = openBuiltImage(context, image)
  const raw = await layout.manifest(digest)
  const parsed = raw && readManifest(raw, image)
  if (parsed?.kind !== 'index') throw new Error(`The index of the image "${image}" is not in its layout`)
  return parsed.index.manifests.map((child) => ({
    id: imageUrl(image, child, subject.name),
    type: 'image',
    name: image,
    version: context.run.version,
    purl: imageUrl(image, child, subject.name),
    digests: { sha256: hexOf(child.digest) },
  }))
}

async function packageComponents(
  { packages }: ImageOrigin,
  context: StepContext,
): Promise<readonly SbomComponent[]> {
  const store = await projectStore(context)
  const components: SbomComponent[] = []
  for (const { kind, digest } of artifactsOf(context, packages)) {
    const { name, version, architecture } = await packageFormat(kind).read(await store.verifiedPath(digest))
    const purl = packageUrl({
      type: kind,
      namespace: context.run.project,
      name,
      version,
      qualifiers: { arch: architecture },
    })
    components.push({
      id: purl,
      type: 'package',
      name,
      version,
      purl,
      digests: { sha256: hexOf(digest) },
    })
  }
  return components
}

/** The files of the layers, each with its digest; those of packages too, since anybody may want to find a file. */
async function fileComponents(
  { digest }: Descriptor,
  { image }: ImageOrigin,
  context: StepContext,
): Promise<readonly SbomComponent[]> {
  const layout = openBuiltImage(context, image)
  const raw = await layout.manifest(digest)
  if (raw === undefined)
    throw new Error(`The manifest ${digest} of the image "${image}" is not in its layout`)
  const files = await readImageFiles(layout, raw, { signal: context.signal })
  return files.flatMap((file) =>
    file.digest === undefined
      ? []
      : [
          {
            id: `/${file.path}`,
            type: 'file',
            name: `/${file.path}`,
            digests: { sha256: hexOf(file.digest) },
          } as const,
        ],
  )
}
