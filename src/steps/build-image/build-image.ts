import type { ArtifactStore } from '../../artifacts/store.ts'
import { UserError } from '../../errors.ts'
import { type Digest, digestOfJson } from '../../lib/digest.ts'
import { hawserVersion } from '../../lib/hawser-version.ts'
import { readGraph } from '../../oci/copy.ts'
import { compressorId } from '../../oci/layers/build-layer.ts'
import type { OciStore } from '../../oci/oci-store.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import { projectStore } from '../artifacts.ts'
import { type ImageResult, imageResult, openBuiltImage, versionTag } from '../images.ts'
import { materialsOf } from '../materials.ts'
import { projectTree } from '../source-choice.ts'
import { type ImageDeclaration, imageDeclaration } from './declaration.ts'
import { type DigestedEntry, layerEntries } from './layer-entries.ts'
import { type ImageInputs, makeImage } from './make-image.ts'

/** Builds one image for all of its platforms into `dist/VERSION/NAME.oci`. Equal inputs are built once. */
export const buildImage: Step<ImageDeclaration, ImageResult, ImageResult> = {
  name: 'build-image',
  describe: 'Builds a container image into a layout.',
  options: imageDeclaration,
  // dist/ is the run's own output; an outdated image of the same version is written anew.
  replacesUnseen: true,
  async probe(options, context) {
    const store = await projectStore(context)
    const inputs = await inputsOf(options, context, store, 'peek')
    if (inputs === undefined) return { state: 'absent' }
    const made = await builtBefore(identityOf(inputs, context), store)
    const isThere =
      made !== undefined && (await isComplete(openBuiltImage(context, options.image), made, context))
    return isThere ? { state: 'present', evidence: made } : { state: 'absent' }
  },
  decide({ image, variants }, probe) {
    if (probe.state === 'present')
      return { kind: 'keep', summary: `image ${image} is built`, result: probe.evidence }
    const platforms = variants.length === 1 ? '1 platform' : `${variants.length} platforms`
    return { kind: 'create', summary: `build image ${image} for ${platforms}` }
  },
  async act(_change, options, context) {
    const store = await projectStore(context)
    const inputs = await inputsOf(options, context, store, 'fetch')
    if (inputs === undefined) throw new Error('Fetching gives every source or throws')
    const layout = openBuiltImage(context, options.image)
    const made = await makeImage(inputs, layout, versionTag(context.run.version), store, context)
    await store.putRecord(identityOf(inputs, context), JSON.parse(JSON.stringify(made)))
    return made
  },
  async verify(result, { image }, context) {
    if (await isComplete(openBuiltImage(context, image), result, context)) return
    throw new UserError('IMAGE_INCOMPLETE', `The image "${image}" that was built does not read back whole.`, {
      hint: 'Something else changed the folder in dist/. Build again.',
    })
  },
}

async function inputsOf(
  declaration: ImageDeclaration,
  context: StepContext,
  store: ArtifactStore,
  how: 'peek' | 'fetch',
): Promise<ImageInputs | undefined> {
  const materials = materialsOf(declaration.sources, context, store, how)
  const layers: (readonly DigestedEntry[])[][] = []
  for (const variant of declaration.variants) {
    const own: (readonly DigestedEntry[])[] = []
    for (const layer of variant.layers) {
      const entries = await layerEntries(layer, materials, context)
      if (entries === undefined) return undefined
      own.push(entries)
    }
    layers.push(own)
  }
  return { declaration, layers, context: await contextDigest(declaration, context, store) }
}

/** A Dockerfile may use any file of its folder. What it fetches from elsewhere is its author's to pin. */
async function contextDigest(
  { dockerfile }: ImageDeclaration,
  context: StepContext,
  store: ArtifactStore,
): Promise<Digest | undefined> {
  if (dockerfile === undefined) return undefined
  const trees = [dockerfile.context, dockerfile.file].map((path) => projectTree(path, context, store))
  const files = []
  for (const tree of trees) files.push((await tree.peek(context.signal))?.files ?? [])
  return digestOfJson(JSON.parse(JSON.stringify(files)))
}

/** Everything that decides about the bytes, and nothing that does not. */
function identityOf({ declaration, layers, context }: ImageInputs, { run }: StepContext): Digest {
  const { sources: _where, registries: _how, ...rest } = declaration
  const files = layers.map((own) =>
    own.map((entries) =>
      entries.map((entry) => {
        if (entry.type !== 'file') return entry
        const { open: _bytes, ...identity } = entry
        return identity
      }),
    ),
  )
  return digestOfJson({
    builder: `hawser ${hawserVersion()}`,
    compressor: compressorId(declaration.compression),
    run: { version: run.version, commit: run.commit, epoch: run.epoch },
    declaration: JSON.parse(JSON.stringify(rest)),
    files,
    context,
  })
}

async function builtBefore(identity: Digest, store: ArtifactStore): Promise<ImageResult | undefined> {
  const record = imageResult.safeParse(await store.getRecord(identity))
  return record.success ? record.data : undefined
}

/** Whether everything that the image names is in the layout. */
async function isComplete(
  layout: OciStore,
  { image }: ImageResult,
  { run, signal }: StepContext,
): Promise<boolean> {
  try {
    const root = await layout.manifest(versionTag(run.version))
    if (root?.digest !== image.digest) return false
    const { blobs } = await readGraph(layout, root, signal)
    for (const blob of blobs) if (!(await layout.hasBlob(blob))) return false
    return true
  } catch (error) {
    // A damaged layout of ours is made anew.
    if (error instanceof UserError && error.code.startsWith('OCI_')) return false
    throw error
  }
}
