import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ByteStream } from '../archive/compression.ts'
import { readTar } from '../archive/tar.ts'
import { UserError } from '../errors.ts'
import { codeOf, fileSystemError, makeFolder, writeFileAtomic } from '../lib/atomic-file.ts'
import { bytesOfFile, type Digest, digestOf, hexOf, isDigest } from '../lib/digest.ts'
import type { Descriptor, RawManifest } from '../oci/descriptor.ts'
import { layerTar } from '../oci/layers/layer-tar.ts'
import type { BlobPut, BlobSource, OciStore } from '../oci/oci-store.ts'
import { descriptorOf, rawManifest } from '../oci/read-manifest.ts'
import { archiveTime } from './module-blob.ts'

/** OCM, "Common Transport Format": repositories with their artifacts in one folder. */
const indexFile = 'artifact-index.json'
const blobsFolder = 'blobs'

const indexSchema = z.looseObject({
  schemaVersion: z.literal(1),
  artifacts: z
    .array(
      z.looseObject({
        repository: z.string(),
        tag: z.string().optional(),
        digest: z.string().refine(isDigest, 'is no digest'),
      }),
    )
    .nullable()
    .transform((artifacts) => artifacts ?? []),
})

interface IndexEntry {
  readonly repository: string
  readonly tag?: string | undefined
  readonly digest: Digest
}

/** One repository of a transport format in a folder. Written by one process at a time; the index is replaced as a whole. */
export function openTransportFormat(folder: string, repository: string): OciStore {
  return new TransportRepository(folder, repository)
}

class TransportRepository implements OciStore {
  readonly location: string
  readonly #folder: string
  readonly #repository: string

  constructor(folder: string, repository: string) {
    this.location = `${folder}//${repository}`
    this.#folder = folder
    this.#repository = repository
  }

  async hasBlob({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): Promise<boolean> {
    return (await sizeOf(this.#path(digest))) === size
  }

  async *blob({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): ByteStream {
    const path = this.#path(digest)
    if ((await sizeOf(path)) !== size) throw damaged(this.location, digest)
    const bytes = await readFile(path)
    if (digestOf(bytes) !== digest) throw damaged(this.location, digest)
    yield bytes
  }

  async putBlob(source: BlobSource): Promise<BlobPut> {
    if (await this.hasBlob({ digest: source.digest, size: source.sizeBytes })) return 'present'
    const bytes = await wholeOf(source.open())
    if (digestOf(bytes) !== source.digest) throw damaged('The source', source.digest)
    await makeFolder(join(this.#folder, blobsFolder))
    await writeFileAtomic(this.#path(source.digest), bytes)
    return 'uploaded'
  }

  async manifest(reference: string): Promise<RawManifest | undefined> {
    const entries = (await readIndex(this.#folder)).filter(
      ({ repository, tag, digest }) =>
        repository === this.#repository && (tag === reference || digest === reference),
    )
    const [entry] = entries
    if (entry === undefined) return undefined
    const bytes = await readFile(this.#path(entry.digest)).catch((error: unknown) => {
      throw codeOf(error) === 'ENOENT' ? damaged(this.location, entry.digest) : error
    })
    if (digestOf(bytes) !== entry.digest) throw damaged(this.location, entry.digest)
    return rawManifest(bytes, undefined, `${this.location}:${reference}`)
  }

  async resolve(reference: string): Promise<Descriptor | undefined> {
    const found = await this.manifest(reference)
    return found && descriptorOf(found)
  }

  async putManifest(manifest: RawManifest, tag?: string): Promise<void> {
    await makeFolder(join(this.#folder, blobsFolder))
    await writeFileAtomic(this.#path(manifest.digest), manifest.bytes)
    const repository = this.#repository
    const others = (await readIndex(this.#folder)).filter(
      (entry) =>
        entry.repository !== repository ||
        (tag === undefined ? entry.digest !== manifest.digest : entry.tag !== tag),
    )
    await writeIndex(this.#folder, [...others, { repository, ...(tag && { tag }), digest: manifest.digest }])
  }

  async *tags(): AsyncIterable<string> {
    for (const { repository, tag } of await readIndex(this.#folder)) {
      if (repository === this.#repository && tag !== undefined) yield tag
    }
  }

  /** The format has no such relation. */
  async referrers(): Promise<readonly Descriptor[]> {
    return []
  }

  /** A dot and not a colon, which some file systems cannot have in names. */
  #path(digest: Digest): string {
    return join(this.#folder, blobsFolder, `sha256.${hexOf(digest)}`)
  }
}

/** What a transport format holds, in its order. */
export async function transportedArtifacts(folder: string): Promise<readonly IndexEntry[]> {
  const found = await readIndex(folder)
  if (found.length > 0 || (await sizeOf(join(folder, indexFile))) !== undefined) return found
  throw new UserError('OCM_TRANSPORT', `${folder} is no transport format: it has no ${indexFile}.`, {
    hint: 'Name the folder that holds that file and "blobs".',
  })
}

/** The folder as one archive; the same for the same content. */
export async function* transportArchive(folder: string): ByteStream {
  const blobs = (await readdir(join(folder, blobsFolder))).filter((name) =>
    /^sha256\.[0-9a-f]{64}$/.test(name),
  )
  const paths = [indexFile, ...blobs.toSorted().map((name) => `${blobsFolder}/${name}`)]
  const files = []
  for (const path of paths) {
    const sizeBytes = (await sizeOf(join(folder, path))) ?? 0
    const open = () => bytesOfFile(join(folder, path))
    files.push({ type: 'file', path, mode: 0o644, ownerId: 0, groupId: 0, sizeBytes, open } as const)
  }
  yield* layerTar(files, archiveTime)
}

export interface UnpackLimits {
  readonly sizeBytesMax?: number
}

/** Writes only files of the names that the format has; every blob is checked against its name. */
export async function unpackTransportArchive(
  archive: ByteStream,
  folder: string,
  { sizeBytesMax = 4 * 2 ** 30 }: UnpackLimits = {},
): Promise<void> {
  await makeFolder(join(folder, blobsFolder))
  for await (const entry of readTar(archive, { sizeBytesMax, entriesMax: 100_000 })) {
    if (entry.type === 'directory') continue
    const blob = /^blobs\/sha256\.([0-9a-f]{64})$/.exec(entry.path)
    if (entry.type !== 'file' || (blob === null && entry.path !== indexFile)) {
      throw new UserError(
        'OCM_TRANSPORT',
        `The archive has "${entry.path}", which no transport format has.`,
        {
          hint: `It may hold ${indexFile} and ${blobsFolder}/sha256.<hex> only.`,
        },
      )
    }
    const bytes = await wholeOf(entry.body())
    if (blob !== null && digestOf(bytes) !== `sha256:${blob[1]}`)
      throw damaged('The archive', `sha256:${blob[1]}`)
    await writeFileAtomic(join(folder, entry.path), bytes)
  }
}

async function readIndex(folder: string): Promise<readonly IndexEntry[]> {
  const path = join(folder, indexFile)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw fileSystemError(error, 'read', path)
  }
  const parsed = indexSchema.safeParse(parsedJson(text))
  if (parsed.success) return parsed.data.artifacts
  const lines = parsed.error.issues.map(
    ({ path: place, message }) => `${place.join('.') || 'it'}: ${message}`,
  )
  throw new UserError('OCM_TRANSPORT', `${path} is no index of a transport format:\n${lines.join('\n')}`, {
    hint: 'The folder is damaged. Export the components again.',
  })
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** In an order of its own, so that the same content is the same file. */
async function writeIndex(folder: string, entries: readonly IndexEntry[]): Promise<void> {
  const key = ({ repository, tag, digest }: IndexEntry) => `${repository}\n${tag ?? ''}\n${digest}`
  const artifacts = entries.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
  await writeFileAtomic(join(folder, indexFile), JSON.stringify({ schemaVersion: 1, artifacts }))
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw fileSystemError(error, 'read', path)
  }
}

async function wholeOf(stream: ByteStream): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

const damaged = (where: string, digest: string): UserError =>
  new UserError('OCM_TRANSPORT', `${where} does not have the bytes of ${digest}.`, {
    hint: 'It is damaged or not complete. Export the components again.',
  })
