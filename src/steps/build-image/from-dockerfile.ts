import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArtifactStore } from '../../artifacts/store.ts'
import { buildFromDockerfile } from '../../oci/build/dockerfile-build.ts'
import { copyImage } from '../../oci/copy.ts'
import type { RawManifest } from '../../oci/descriptor.ts'
import { openLayout } from '../../oci/layout/layout.ts'
import type { OciStore } from '../../oci/oci-store.ts'
import type { StepContext } from '../../pipeline/step.ts'
import type { ImageDeclaration, ImageVariant } from './declaration.ts'

/** Has another program build the image for a platform, and takes what it made into the layout, byte for byte. */
export async function fromDockerfile(
  dockerfile: NonNullable<ImageDeclaration['dockerfile']>,
  { platform }: ImageVariant,
  to: OciStore,
  store: ArtifactStore,
  { root, run, environment, signal, log }: StepContext,
): Promise<RawManifest> {
  const folder = join(await store.scratch('temporary'), `${process.pid}-${crypto.randomUUID()}`)
  try {
    const { manifest, builder } = await buildFromDockerfile(
      {
        tool: dockerfile.tool,
        file: join(root, dockerfile.file),
        context: join(root, dockerfile.context),
        buildArguments: dockerfile.arguments,
        target: dockerfile.target,
        platform,
        epoch: run.epoch,
        moreOptions: dockerfile.options,
        layoutFolder: join(folder, 'layout'),
      },
      { openLayout, environment, signal, log },
    )
    log(`built by ${builder}`)
    await copyImage(openLayout(join(folder, 'layout')), manifest.digest, to, { signal })
    return manifest
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
