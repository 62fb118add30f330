import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { digestOfFile } from '../../src/lib/digest.ts'
import { dnf } from '../../src/repositories/dnf/dnf.ts'
import { entriesOf } from '../../src/repositories/find-entries.ts'
import { type PublishRequest, type PublishResult, publishPackages } from '../../src/repositories/publish.ts'
import type { PackageEntry, PackageInput } from '../../src/repositories/repository-format.ts'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import { openpgpSigner } from '../../src/signing/openpgp/signer.ts'
import { openpgpVerifier } from '../../src/signing/openpgp/verifier.ts'
import type { SignatureVerifier, Signer } from '../../src/signing/signer.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { mustRun } from '../clients/command.ts'

export const now = new Date('2025-07-01T12:00:00Z')

/** Short, because gpg-agent's socket has a path of at most 108 bytes. */
export const scratchFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'hd-'))

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })

export interface TestKey {
  readonly signer: Signer
  readonly verifier: SignatureVerifier
  readonly privateKeyArmored: string
}

export async function makeKey(userId = 'Release Team <release@example.org>'): Promise<TestKey> {
  const date = new Date('2025-01-01T00:00:00Z')
  const key = await generateKey({ userId, algorithm: 'ed25519', date })
  return {
    signer: await openpgpSigner({ key: key.privateKeyArmored, now }),
    verifier: await openpgpVerifier([key.publicKeyArmored]),
    privateKeyArmored: key.privateKeyArmored,
  }
}

/** A gpg home with one secret key, for the tools that sign packages. */
export async function gpgHome(folder: string, { privateKeyArmored }: TestKey): Promise<string> {
  await mustRun('mkdir', ['-p', '-m', '700', folder])
  await mustRun('gpg', ['--homedir', folder, '--batch', '--import'], { input: privateKeyArmored })
  return folder
}

export async function endGpgHome(folder: string): Promise<void> {
  await mustRun('gpgconf', ['--homedir', folder, '--kill', 'gpg-agent'])
}

export async function inputOf(file: string): Promise<PackageInput> {
  const { digest, sizeBytes } = await digestOfFile(file)
  return { artifact: { name: basename(file), kind: 'rpm', digest, sizeBytes }, file }
}

export const dnfFormat = (options: Parameters<typeof dnf.options.parse>[0] = {}) =>
  dnf.create(dnf.options.parse(options), { folder: '.' })

export interface TestPublish extends Partial<Omit<PublishRequest, 'storage' | 'additions'>> {
  readonly key?: TestKey
  readonly to: Storage | string
}

export async function publishRpms(
  files: readonly string[],
  { key, to, ...rest }: TestPublish,
): Promise<PublishResult> {
  return publishPackages({
    // Most tests are about the repository, and take what rpmbuild made.
    format: dnfFormat({ unsignedPackages: 'allow' }),
    storage: typeof to === 'string' ? fileStorage(to) : to,
    signers: key === undefined ? [] : [key.signer],
    verifier: key?.verifier,
    name: 'test',
    publicUrl: 'https://packages.example.org/rpm',
    date: now,
    additions: await Promise.all(files.map(inputOf)),
    ...rest,
  })
}

/** All that a repository lists, read as a client does. */
export async function readAll(from: Storage | string, verifier?: SignatureVerifier) {
  const storage = typeof from === 'string' ? fileStorage(from) : from
  const format = dnfFormat()
  const entry = await format.readEntry(storage, { verifier })
  if (entry === undefined) throw new Error('There is no repository')
  const entries: PackageEntry[] = []
  for await (const listed of entriesOf(format, storage, entry, {})) entries.push(listed)
  return { storage, format, entry, entries }
}

/** Every call that writes, in the order of the calls, as it begins and as it is done. */
export function watched(
  storage: Storage,
  onWrite: (path: string, when: 'before' | 'after') => void,
): Storage {
  const around = async <Result>(path: string, write: () => Promise<Result>): Promise<Result> => {
    onWrite(path, 'before')
    const result = await write()
    onWrite(path, 'after')
    return result
  }
  return {
    ...storage,
    put: (path, body, options) => around(path, () => storage.put(path, body, options)),
    compose: (path, pieces, options) => around(path, () => storage.compose(path, pieces, options)),
    copy: (from, path, options) => around(path, () => storage.copy(from, path, options)),
    delete: (path, options) => around(path, () => storage.delete(path, options)),
  }
}
