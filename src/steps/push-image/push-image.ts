import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { copyImage, readGraph } from '../../oci/copy.ts'
import { type RegistriesOptions, registriesOptions } from '../../oci/declared-registry.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import type { OciStore } from '../../oci/oci-store.ts'
import type { Change, Step, StepContext } from '../../pipeline/step.ts'
import { builtImage, openBuiltImage } from '../images.ts'
import { openRepositoryOf } from '../registries.ts'
import { isUnpublished, type ReleaseOption, releaseOption } from '../unpublished.ts'

type Options = {
  readonly image: string
  /** The step that built it. */
  readonly from: string
  /** Without a tag. */
  readonly repository: string
  readonly tags: readonly string[]
  readonly registries: RegistriesOptions
  /** The release that it belongs to: until that is published, what an earlier attempt left may be replaced. */
  readonly release?: ReleaseOption
}
type Result = { readonly repository: string; readonly digest: string; readonly tags: string[] }

interface Evidence {
  readonly mayReplace: boolean
  readonly tags: readonly { readonly tag: string; readonly digest: string | undefined }[]
}

/** Pushes an image that was built, byte for byte. A tag that names something else is refused, unless its release was never published. */
export const pushImage: Step<Options, Result, Evidence> = {
  name: 'push-image',
  describe: 'Pushes an image to a registry.',
  options: z.object({
    image: z.string(),
    from: z.string(),
    repository: z.string(),
    tags: z.array(z.string()).min(1),
    registries: registriesOptions,
    release: releaseOption,
  }),
  // Only what an attempt that was never published has left.
  replacesUnseen: true,
  async probe(options, context) {
    const store = openRepositoryOf(options.repository, options.registries, context)
    const tags = []
    for (const tag of options.tags) tags.push({ tag, digest: (await store.resolve(tag, context))?.digest })
    return { state: 'present', evidence: { tags, mayReplace: await isUnpublished(options.release, context) } }
  },
  decide({ image, from, repository, tags }, probe, context) {
    if (probe.state !== 'present') throw new Error('Reading a registry gives its tags or throws')
    const { digest } = builtImage(context, from)
    const other = probe.evidence.tags.find((one) => one.digest !== undefined && one.digest !== digest)
    if (other?.digest !== undefined) {
      if (!probe.evidence.mayReplace) return swap(repository, other.tag, other.digest, digest)
      const summary = `replace ${repository}:${other.tag}, which was never released`
      return { kind: 'replace', summary, old: other.digest, new: digest }
    }
    const missing = probe.evidence.tags.filter((one) => one.digest === undefined)
    const result = { repository, digest, tags: [...tags] }
    if (missing.length === 0) return { kind: 'keep', summary: `${repository} has ${image} ${digest}`, result }
    const names = missing.map(({ tag }) => `${repository}:${tag}`)
    return { kind: 'create', summary: `push ${image} to ${names.join(', ')}`, detail: { digest } }
  },
  async act(_change, { image, from, repository, tags, registries, release }, context) {
    const built = builtImage(context, from)
    const store = openRepositoryOf(repository, registries, context)
    const layout = openBuiltImage(context, image)
    context.log(`pushing ${image} to ${repository}`)
    for (const tag of tags) {
      // Another run may have been here since the plan.
      const there = await store.resolve(tag, context)
      const isOther = there !== undefined && there.digest !== built.digest
      if (isOther && !(await isUnpublished(release, context))) throw moved(repository, tag, there)
      await copyImage(layout, built.digest, store, { tag, signal: context.signal })
    }
    return { repository, digest: built.digest, tags: [...tags] }
  },
  async verify({ repository, digest, tags }, { registries }, context) {
    const store = openRepositoryOf(repository, registries, context)
    for (const tag of tags) {
      const found = await store.resolve(tag, context)
      if (found?.digest !== digest)
        throw unread(repository, `its tag "${tag}" names ${found?.digest ?? 'nothing'}`)
    }
    await verifyWhole(store, repository, digest, context)
  },
}

/** Everything that a reader of the image asks for is there. */
async function verifyWhole(
  store: OciStore,
  repository: string,
  digest: string,
  context: StepContext,
): Promise<void> {
  const root = await store.manifest(digest, context)
  if (root === undefined) throw unread(repository, `${digest} is not there`)
  const { blobs } = await readGraph(store, root, context.signal)
  for (const blob of blobs) {
    if (!(await store.hasBlob(blob, context)))
      throw unread(repository, `the blob ${blob.digest} is not there`)
  }
}

function swap(repository: string, tag: string, there: string, wanted: string): Change<Result> {
  return {
    kind: 'refuse',
    code: 'IMAGE_SWAP',
    message: `${repository}:${tag} is another image already (${there}; this release has ${wanted}).`,
    hint: 'Released images never change. Release the next version, or from the commit that the image was built from.',
  }
}

const moved = (repository: string, tag: string, { digest }: Descriptor): UserError =>
  new UserError('IMAGE_SWAP', `${repository}:${tag} was pushed by somebody else meanwhile (${digest}).`, {
    hint: 'Released images never change. Find out who released this version.',
  })

const unread = (repository: string, what: string): UserError =>
  new UserError('IMAGE_UNREAD', `${repository} does not give the image back that was pushed: ${what}.`, {
    hint: 'Run it again; if that does not help, the registry has lost something.',
  })
