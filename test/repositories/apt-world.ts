import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { z } from 'zod'
import { digestOfFile } from '../../src/lib/digest.ts'
import { apt } from '../../src/repositories/apt/apt.ts'
import { entriesOf } from '../../src/repositories/find-entries.ts'
import { type PublishRequest, type PublishResult, publishPackages } from '../../src/repositories/publish.ts'
import type { PackageEntry, PackageInput } from '../../src/repositories/repository-format.ts'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import { openpgpSigner } from '../../src/signing/openpgp/signer.ts'
import { openpgpVerifier } from '../../src/signing/openpgp/verifier.ts'
import type { SignatureVerifier, Signer } from '../../src/signing/signer.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { AptClient } from '../clients/apt.ts'

export const now = new Date('2025-07-01T12:00:00Z')
export const later = new Date('2025-07-02T12:00:00Z')

export const scratchFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'hawser-apt-'))
export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })

export interface TestKey {
  readonly signer: Signer
  readonly verifier: SignatureVerifier
  readonly privateKeyArmored: string
}

export async function makeKey(userId = 'Release Team <release@example.org>'): Promise<TestKey> {
  const date = new Date('2025-01-01T00:00:00Z')
  const { privateKeyArmored, publicKeyArmored } = await generateKey({ userId, algorithm: 'ed25519', date })
  return {
    signer: await openpgpSigner({ key: privateKeyArmored, now }),
    verifier: await openpgpVerifier([publicKeyArmored]),
    privateKeyArmored,
  }
}

export async function inputOf(file: string): Promise<PackageInput> {
  const { digest, sizeBytes } = await digestOfFile(file)
  return { artifact: { name: basename(file), kind: 'deb', digest, sizeBytes }, file }
}

export const aptFormat = (options: Partial<z.input<typeof apt.options>> = {}) =>
  apt.create(apt.options.parse({ suite: 'stable', ...options }), { folder: '.' })

export interface TestPublish extends Partial<Omit<PublishRequest, 'storage' | 'additions'>> {
  readonly key?: TestKey
  readonly to: Storage | string
}

export async function publishDebs(
  files: readonly string[],
  { key, to, ...rest }: TestPublish,
): Promise<PublishResult> {
  return publishPackages({
    format: aptFormat(),
    storage: typeof to === 'string' ? fileStorage(to) : to,
    signers: key === undefined ? [] : [key.signer],
    verifier: key?.verifier,
    name: 'test',
    date: now,
    additions: await Promise.all(files.map(inputOf)),
    ...rest,
  })
}

/** A client that was set up with nothing but the files published beside the repository. */
export async function clientOf(repository: string, folder: string): Promise<AptClient> {
  const client = await AptClient.create(folder)
  const sources = await readFile(join(repository, 'test.sources'), 'utf8')
  await client.useSources(sources, await readFile(join(repository, 'test.gpg')))
  return client
}

/** What the indexes list, as readers see it now. */
export async function entriesIn(
  storage: Storage,
  format = aptFormat(),
  verifier?: SignatureVerifier,
): Promise<readonly PackageEntry[]> {
  const entry = await format.readEntry(storage, { verifier })
  if (entry === undefined) throw new Error(`There is no repository in ${storage.location}`)
  const entries: PackageEntry[] = []
  for await (const listed of entriesOf(format, storage, entry, { verifier })) entries.push(listed)
  return entries
}

/** An index as a reader gets it, unpacked. */
export async function indexText(repository: string, index: string): Promise<string> {
  return gunzipSync(await readFile(join(repository, `${index}.gz`))).toString('latin1')
}

/** Every file that readers see, with its bytes. */
export async function treeOf(repository: string): Promise<Map<string, string>> {
  const tree = new Map<string, string>()
  for (const entry of await readdir(repository, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.parentPath.includes('.hawser-storage')) continue
    const path = join(entry.parentPath, entry.name)
    tree.set(path.slice(repository.length + 1), await readFile(path, 'latin1'))
  }
  return new Map([...tree].sort())
}

/** Everything that changes a storage goes through `around`. */
export function watching(
  storage: Storage,
  around: <Result>(path: string, write: () => Promise<Result>) => Promise<Result>,
): Storage {
  return {
    ...storage,
    put: (path, body, options) => around(path, () => storage.put(path, body, options)),
    compose: (path, pieces, options) => around(path, () => storage.compose(path, pieces, options)),
    copy: (from, path, options) => around(path, () => storage.copy(from, path, options)),
    delete: (path, options) => around(path, () => storage.delete(path, options)),
  }
}
