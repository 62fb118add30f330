import type { ArtifactStore } from '../../artifacts/store.ts'
import { UserError } from '../../errors.ts'
import { type Digest, digestOf } from '../../lib/digest.ts'
import type { LayerEntry } from '../../oci/layers/layer-entry.ts'
import { layerFile } from '../../oci/layers/layer-file.ts'
import { packageFormat } from '../../packages/index.ts'
import type { StoredFile } from '../../packages/package-format.ts'
import type { StepContext } from '../../pipeline/step.ts'
import { artifactsOf } from '../artifacts.ts'
import { entriesOf } from '../build-package/contents.ts'
import type { Materials } from '../materials.ts'
import type { ImageVariant } from './declaration.ts'

/** An entry of a layer with the digest of its bytes, which is what the layer depends on. */
export type DigestedEntry = LayerEntry & { readonly digest?: Digest }

type Layer = ImageVariant['layers'][number]

/** What a layer holds; undefined when something of it is not at hand without fetching. */
export async function layerEntries(
  { contents, packages }: Layer,
  materials: Materials,
  context: StepContext,
): Promise<readonly DigestedEntry[] | undefined> {
  const entries: DigestedEntry[] = []
  for (const content of contents) {
    const found = await entriesOf(content, materials)
    if (found === undefined) return undefined
    for (const entry of found) {
      const owned = { path: entry.path, ownerId: numberOf(entry.owner), groupId: numberOf(entry.group) }
      if (entry.type === 'file') {
        const { source, sizeBytes, digest, mode } = entry
        entries.push({ ...owned, type: 'file', mode, sizeBytes, digest, open: () => layerFile(source) })
      } else if (entry.type === 'symlink') {
        entries.push({ ...owned, type: 'symlink', mode: 0o777, target: entry.target })
      } else entries.push({ ...owned, type: 'directory', mode: entry.mode })
    }
  }
  for (const { name, kind, digest } of artifactsOf(context, packages)) {
    entries.push(...(await packageEntries(kind, name, digest, materials.store)))
  }
  return withoutRepeatedFolders(entries)
}

const numberOf = (owner: string): number => (owner === 'root' ? 0 : Number(owner))

/** A package's files, and its paragraph where scanners look for it in images without a package manager. */
async function packageEntries(
  kind: string,
  name: string,
  digest: Digest,
  store: ArtifactStore,
): Promise<readonly DigestedEntry[]> {
  const { unpack } = packageFormat(kind)
  if (unpack === undefined) {
    throw new UserError('IMAGE_PACKAGE', `"${name}" cannot be unpacked into an image.`, {
      hint: 'Layers are made of packages in another format of the same file, such as deb.',
    })
  }
  const keep = async (body: AsyncIterable<Uint8Array>): Promise<StoredFile> => store.add(body)
  const { files, control } = await unpack(await store.verifiedPath(digest), keep)
  const status = Buffer.from(control)
  const [, packageName = name] = /^Package: (.*)$/m.exec(control) ?? []
  return [
    ...files.map(
      (file): DigestedEntry =>
        file.type === 'file' ? { ...file, open: () => layerFile(store.path(file.digest)) } : file,
    ),
    {
      type: 'file',
      path: `/var/lib/dpkg/status.d/${packageName}`,
      mode: 0o644,
      ownerId: 0,
      groupId: 0,
      sizeBytes: status.length,
      digest: digestOf(status),
      open: async function* () {
        yield status
      },
    },
  ]
}

/** Packages share folders; the first one counts. */
function withoutRepeatedFolders(entries: readonly DigestedEntry[]): readonly DigestedEntry[] {
  const folders = new Set<string>()
  return entries.filter(({ type, path }) => {
    if (type !== 'directory') return true
    return folders.has(path) ? false : folders.add(path)
  })
}
