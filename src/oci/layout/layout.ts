import { createHash } from 'node:crypto'
import { readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { ByteStream } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'
import {
  codeOf,
  fileSystemError,
  makeFolder,
  removeQuietly,
  syncFolder,
  temporaryPathFor,
  writeFileAtomic,
} from '../../lib/atomic-file.ts'
import { type Digest, digestOf, hexOf, isDigest } from '../../lib/digest.ts'
import type { Descriptor, Index, RawManifest } from '../descriptor.ts'
import { canonicalManifest } from '../manifest-bytes.ts'
import { isIndexType, isManifestType, mediaTypes } from '../media-types.ts'
import type { BlobPut, BlobSource, OciStore } from '../oci-store.ts'
import { descriptorOf, rawManifest, readManifest } from '../read-manifest.ts'
import { ofType, referrerDescriptor } from '../referrers.ts'
import { fileFrom, writeStream } from './blob-files.ts'

/** Image specification 1.1, annotations.md: the tag of an entry of index.json. */
const refName = 'org.opencontainers.image.ref.name'
const layoutFile = '{"imageLayoutVersion":"1.0.0"}'

/**
 * A folder after image specification 1.1, image-layout.md. Made when something is first written. Written by one process
 * at a time: index.json is replaced as a whole.
 */
export function openLayout(folder: string): OciStore {
  return new Layout(folder)
}

class Layout implements OciStore {
  readonly location: string
  #writing: Promise<unknown> = Promise.resolve()

  constructor(folder: string) {
    this.location = folder
  }

  async hasBlob({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): Promise<boolean> {
    return (await this.#sizeOf(digest)) === size
  }

  async *blob({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): ByteStream {
    const foundBytes = await this.#sizeOf(digest)
    if (foundBytes === undefined) throw this.#absent(digest)
    if (foundBytes !== size) throw this.#damaged(digest)
    const hash = createHash('sha256')
    let readBytes = 0
    for await (const piece of fileFrom(this.#path(digest), 0)) {
      hash.update(piece)
      readBytes += piece.length
      yield piece
    }
    if (readBytes !== size || `sha256:${hash.digest('hex')}` !== digest) throw this.#damaged(digest)
  }

  async putBlob(
    source: BlobSource,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<BlobPut> {
    if ((await this.#sizeOf(source.digest)) === source.sizeBytes) return 'present'
    const path = this.#path(source.digest)
    await makeFolder(dirname(path))
    const draft = temporaryPathFor(path)
    try {
      const { digest } = await writeStream(source.open(), draft, signal)
      if (digest !== source.digest) throw changedError(source.digest, digest)
      await rename(draft, path)
      await syncFolder(dirname(path))
    } catch (error) {
      await removeQuietly(draft)
      throw fileSystemError(error, 'write', path)
    }
    return 'uploaded'
  }

  async manifest(reference: string): Promise<RawManifest | undefined> {
    const entry = isDigest(reference) ? undefined : await this.#tagged(reference)
    const digest = isDigest(reference) ? reference : entry?.digest
    if (digest === undefined) return undefined
    const bytes = await this.#readBlob(digest)
    if (bytes === undefined) {
      if (entry !== undefined) throw this.#absent(digest)
      return undefined
    }
    return rawManifest(bytes, entry?.mediaType, `${this.location}:${reference}`)
  }

  async resolve(reference: string): Promise<Descriptor | undefined> {
    const found = await this.manifest(reference)
    return found && descriptorOf(found)
  }

  async putManifest(manifest: RawManifest, tag?: string): Promise<void> {
    const { bytes, digest } = manifest
    await this.putBlob({
      digest,
      sizeBytes: bytes.length,
      open: async function* (startByte = 0) {
        yield bytes.subarray(startByte)
      },
    })
    const parsed = readManifest(manifest, this.location)
    const subject = parsed.kind === 'index' ? parsed.index.subject : parsed.manifest.subject
    if (tag !== undefined || subject !== undefined) await this.#note(manifest, tag)
  }

  async *tags(): AsyncGenerator<string> {
    for (const { annotations } of (await this.#index())?.manifests ?? []) {
      const tag = annotations?.[refName]
      if (tag !== undefined) yield tag
    }
  }

  async referrers(
    subject: Digest,
    { artifactType }: { readonly artifactType?: string } = {},
  ): Promise<readonly Descriptor[]> {
    const found: Descriptor[] = []
    for (const { mediaType, digest } of (await this.#index())?.manifests ?? []) {
      if (!isIndexType(mediaType) && !isManifestType(mediaType)) continue
      const manifest = await this.manifest(digest)
      if (manifest === undefined) throw this.#absent(digest)
      const parsed = readManifest(manifest, this.location)
      const own = parsed.kind === 'index' ? parsed.index.subject : parsed.manifest.subject
      if (own?.digest === subject) found.push(referrerDescriptor(manifest))
    }
    return ofType(found, artifactType)
  }

  /** One entry for each tag; a manifest without a tag has one entry without a name. */
  async #note(manifest: RawManifest, tag: string | undefined): Promise<void> {
    const write = this.#writing.then(async () => {
      const before = (await this.#index())?.manifests ?? []
      const others = before.filter(
        ({ digest, annotations }) =>
          annotations?.[refName] !== tag || (tag === undefined && digest !== manifest.digest),
      )
      const annotations = tag === undefined ? undefined : { [refName]: tag }
      const entry = { ...descriptorOf(manifest), ...(annotations && { annotations }) }
      const { bytes } = canonicalManifest({
        schemaVersion: 2,
        mediaType: mediaTypes.index,
        manifests: [...others, entry],
      })
      await writeFileAtomic(join(this.location, 'oci-layout'), layoutFile)
      await writeFileAtomic(join(this.location, 'index.json'), bytes)
    })
    this.#writing = write.catch(() => undefined)
    await write
  }

  async #tagged(tag: string): Promise<Descriptor | undefined> {
    const entries = (await this.#index())?.manifests ?? []
    return entries.find(({ annotations }) => annotations?.[refName] === tag)
  }

  /** Undefined: there is no layout here. */
  async #index(): Promise<Index | undefined> {
    const version = await readOptional(join(this.location, 'oci-layout'))
    if (version === undefined) return undefined
    checkVersion(version, this.location)
    const bytes = await readOptional(join(this.location, 'index.json'))
    if (bytes === undefined) throw brokenError(this.location, 'has no index.json')
    const parsed = readManifest(
      { bytes, digest: digestOf(bytes), mediaType: mediaTypes.index },
      join(this.location, 'index.json'),
    )
    return parsed.kind === 'index' ? parsed.index : undefined
  }

  #path(digest: Digest): string {
    return join(this.location, 'blobs', 'sha256', hexOf(digest))
  }

  async #sizeOf(digest: Digest): Promise<number | undefined> {
    try {
      return (await stat(this.#path(digest))).size
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
      throw fileSystemError(error, 'read', this.#path(digest))
    }
  }

  async #readBlob(digest: Digest): Promise<Uint8Array | undefined> {
    const bytes = await readOptional(this.#path(digest))
    if (bytes === undefined) return undefined
    if (digestOf(bytes) !== digest) throw this.#damaged(digest)
    return bytes
  }

  #absent(digest: Digest): UserError {
    return new UserError('OCI_BLOB_ABSENT', `The blob ${digest} is not in the layout ${this.location}.`, {
      hint: 'The layout is incomplete. Make it again.',
    })
  }

  #damaged(digest: Digest): UserError {
    return new UserError('OCI_DIGEST', `The blob ${digest} in the layout ${this.location} has other bytes.`, {
      hint: 'The layout is damaged. Make it again.',
    })
  }
}

async function readOptional(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw fileSystemError(error, 'read', path)
  }
}

const version = z.looseObject({ imageLayoutVersion: z.literal('1.0.0') })

function checkVersion(bytes: Uint8Array, folder: string): void {
  try {
    version.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error
    throw brokenError(folder, 'has an oci-layout file that does not say version 1.0.0')
  }
}

const brokenError = (folder: string, what: string): UserError =>
  new UserError('OCI_LAYOUT', `The layout ${folder} ${what}.`, {
    hint: 'Make it again, or name another folder.',
  })

const changedError = (wanted: Digest, found: Digest): UserError =>
  new UserError('OCI_DIGEST', `The bytes for ${wanted} have the digest ${found}.`, {
    hint: 'Where they come from is damaged or has changed. Nothing was kept of them.',
  })

/** Removes a layout; absent is fine. */
export const removeLayout = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })
