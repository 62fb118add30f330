import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { buildRpms, plainSpec } from '../clients/rpmbuild.ts'
import {
  dnfFormat,
  inputOf,
  makeKey,
  now,
  publishRpms,
  removeFolder,
  scratchFolder,
  type TestKey,
} from './dnf-world.ts'
import { listFiles } from './repodata.ts'

let folder: string
let key: TestKey
let hello: string
let withEpoch: string

beforeAll(async () => {
  folder = await scratchFolder()
  key = await makeKey()
  const build = async (name: string, extra: string) => {
    const built = await buildRpms(join(folder, name), plainSpec('hello', '1.0', extra))
    return built.find((path) => path.endsWith('.noarch.rpm')) ?? ''
  }
  hello = await build('plain', '')
  withEpoch = await build('epoch', 'Epoch: 1')
})

afterAll(() => removeFolder(folder))

async function failureOf(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => new Error('nothing was refused'),
    (reason: unknown) => reason,
  )
  return `${failureText(error).replaceAll(folder, '<folder>')}\n`
}

const golden = (name: string): string => `testdata/errors/dnf-${name}.txt`

test('a version that differs in the epoch alone is refused, as its file name is taken', async () => {
  const repository = join(folder, 'epochs')
  await publishRpms([hello], { to: repository, key })

  const failure = await failureOf(publishRpms([withEpoch], { to: repository, key }))

  await expect(failure).toMatchFileSnapshot(golden('path-taken'))
})

test('a signed repository is never rendered unsigned', async () => {
  const repository = join(folder, 'signed')
  await publishRpms([hello], { to: repository, key })
  const state = await dnfFormat().read(fileStorage(repository), { verifier: key.verifier })

  const failure = await failureOf(dnfFormat().render(state, [], { signers: [], date: now }))

  await expect(failure).toMatchFileSnapshot(golden('signature-lost'))
})

test('a package file that is not the artifact any more is refused', async () => {
  const changed = join(folder, 'changed.rpm')
  await copyFile(hello, changed)
  const input = await inputOf(changed)
  await copyFile(withEpoch, changed)

  const failure = await failureOf(dnfFormat().entryOf(input))

  await expect(failure).toMatchFileSnapshot(golden('package-changed'))
})

test('a package that no client would install is refused before anything is written', async () => {
  const repository = join(folder, 'unsigned')

  const failure = await failureOf(publishRpms([hello], { to: repository, key, format: dnfFormat() }))

  await expect(failure).toMatchFileSnapshot(golden('package-unsigned'))
  await expect(listFiles(repository)).rejects.toThrow('ENOENT')
})

describe('a repository that somebody changed', () => {
  test('is not published to, while its signature does not prove it', async () => {
    const repository = join(folder, 'tampered')
    await publishRpms([hello], { to: repository, key })
    await appendFile(join(repository, 'repodata/repomd.xml'), '<!-- more -->\n')
    const before = await listFiles(repository)

    const failure = await failureOf(publishRpms([withEpoch], { to: repository, key }))

    await expect(failure.replace(/[0-9A-F]{40}/g, '<key>')).toMatchFileSnapshot(golden('tampered'))
    expect(await listFiles(repository)).toEqual(before)
  })

  test('is not signed by the repair of an interrupted publish', async () => {
    const repository = join(folder, 'exchanged')
    await publishRpms([hello], { to: repository, key })
    const path = join(repository, 'repodata/repomd.xml')
    await writeFile(path, (await readFile(path, 'utf8')).replace('<revision>', '<revision>1'))
    const storage = fileStorage(repository)
    const state = await dnfFormat().read(storage, {})

    for (const verifier of [key.verifier, undefined]) {
      const repair = { signers: [key.signer], verifier }
      expect(await dnfFormat().staleCompanions(storage, state, repair)).toEqual([])
    }
  })

  test('is found out by an inspection: stale signature, missing record', async () => {
    const repository = join(folder, 'inspected')
    await publishRpms([hello], { to: repository, key })
    const storage = fileStorage(repository)
    await writeFile(join(repository, 'repodata/repomd.xml.asc'), 'of yesterday')
    const state = await dnfFormat().read(storage, { verifier: key.verifier })
    const filelists = (await listFiles(repository)).find((path) => path.includes('-filelists.xml')) ?? ''
    await storage.delete(filelists)

    expect(await dnfFormat().inspect(storage, state, { verifier: key.verifier })).toMatchObject([
      { code: 'DNF_SIGNATURE_STALE', path: 'repodata/repomd.xml.asc' },
      { code: 'DNF_METADATA_MISSING', path: filelists },
    ])
  })
})
