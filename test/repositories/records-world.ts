import { createHash } from 'node:crypto'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { makeDebs } from '../../bench/repositories/debs.ts'
import { makeRpms } from '../../bench/repositories/rpms.ts'
import type { PublishResult } from '../../src/repositories/publish.ts'
import type { RepositoryFinding, RepositoryFormat } from '../../src/repositories/repository-format.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import * as apt from './apt-world.ts'
import * as dnf from './dnf-world.ts'
import { readRepodata } from './repodata.ts'

export type Kind = 'apt' | 'dnf'

/** Repositories of two formats whose indexes have sealed members, a tail, and a history. */
export interface RecordsWorld {
  readonly folder: string
  readonly key: apt.TestKey
  readonly formats: { readonly apt: RepositoryFormat; readonly dnf: RepositoryFormat }
  readonly entryFolder: { readonly apt: string; readonly dnf: string }
  /** A repository to be damaged. */
  copy(kind: Kind, name: string): Promise<string>
  /** The package that no repository has yet (0), or the one after it (1). */
  add(kind: Kind, to: string, number?: 0 | 1, more?: Partial<apt.TestPublish>): Promise<PublishResult>
  verify(kind: Kind, repository: string): Promise<readonly RepositoryFinding[]>
  /** Each index as readers get it, unpacked. */
  indexTexts(kind: Kind, repository: string): Promise<{ readonly [index: string]: string }>
  /** Signs the entry anew after something changed it, as another tool with the same key does. */
  rewriteEntry(kind: Kind, repository: string, change: (text: string) => string): Promise<void>
}

// Enough to seal members of the main index, and not of the others.
const packages = 100

export async function recordsWorld(): Promise<RecordsWorld> {
  const folder = await apt.scratchFolder()
  const key = await apt.makeKey()
  const files = {
    apt: makeDebs(join(folder, 'debs'), 0, packages + 2).map(({ file }) => file),
    dnf: await makeRpms(join(folder, 'rpms'), 0, packages + 2),
  }
  const formats = {
    apt: apt.aptFormat({ architectures: ['amd64'] }),
    dnf: dnf.dnfFormat({ unsignedPackages: 'allow' }),
  }
  const publish = (kind: Kind, added: readonly string[], to: string, more: Partial<apt.TestPublish> = {}) =>
    kind === 'apt'
      ? apt.publishDebs(added, { key, format: formats.apt, ...more, to })
      : dnf.publishRpms(added, { key, format: formats.dnf, ...more, to })
  for (const kind of ['apt', 'dnf'] as const) {
    const [middle, end] = [packages - 5, packages]
    for (const [from, to] of [
      [0, middle],
      [middle, end - 2],
      [end - 2, end],
    ] as const)
      await publish(kind, files[kind].slice(from, to), join(folder, kind))
  }
  return {
    folder,
    key,
    formats,
    entryFolder: { apt: 'dists/stable', dnf: 'repodata' },
    async copy(kind, name) {
      const copy = join(folder, `${kind}-${name.replaceAll(/[^a-z0-9]+/g, '-')}`)
      await cp(join(folder, kind), copy, { recursive: true })
      return copy
    },
    add: (kind, to, number = 0, more = {}) =>
      publish(kind, files[kind].slice(packages + number, packages + number + 1), to, more),
    verify: (kind, repository) =>
      verifyRepository({
        format: formats[kind],
        storage: fileStorage(repository),
        verifier: key.verifier,
        deep: true,
      }),
    indexTexts: (kind, repository) => (kind === 'apt' ? aptTexts(repository) : dnfTexts(repository)),
    rewriteEntry: (kind, repository, change) =>
      kind === 'apt' ? rewriteRelease(key, repository, change) : rewriteRepomd(key, repository, change),
  }
}

async function aptTexts(repository: string): Promise<{ readonly [index: string]: string }> {
  const names = ['main/binary-amd64/Packages', 'main/Contents-amd64']
  const texts = names.map(async (name) => {
    const bytes = gunzipSync(await readFile(join(repository, `dists/stable/${name}.gz`)))
    return [name, bytes.toString('latin1')] as const
  })
  return Object.fromEntries(await Promise.all(texts))
}

async function dnfTexts(repository: string): Promise<{ readonly [index: string]: string }> {
  const kinds = ['primary', 'filelists', 'other']
  return Object.fromEntries(
    await Promise.all(kinds.map(async (kind) => [kind, await readRepodata(repository, kind)] as const)),
  )
}

async function rewriteRelease(
  { signer, verifier }: apt.TestKey,
  repository: string,
  change: (text: string) => string,
): Promise<void> {
  const suite = join(repository, 'dists/stable')
  const { text } = await verifier.verifyCleartext(await readFile(join(suite, 'InRelease'), 'utf8'))
  const changed = change(text)
  await writeFile(join(suite, 'InRelease'), await signer.signCleartext(changed, apt.now))
  await writeFile(join(suite, 'Release'), changed)
  await writeFile(join(suite, 'Release.gpg'), await signer.signDetachedArmored(Buffer.from(changed), apt.now))
}

async function rewriteRepomd(
  { signer }: apt.TestKey,
  repository: string,
  change: (text: string) => string,
): Promise<void> {
  const repodata = join(repository, 'repodata')
  const changed = Buffer.from(change(await readFile(join(repodata, 'repomd.xml'), 'utf8')))
  const signature = await signer.signDetachedArmored(changed, apt.now)
  for (const name of await readdir(repodata))
    if (/^[0-9a-f]{64}-repomd\.xml\.asc$/.test(name)) await rm(join(repodata, name))
  await writeFile(join(repodata, 'repomd.xml'), changed)
  await writeFile(join(repodata, 'repomd.xml.asc'), signature)
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
