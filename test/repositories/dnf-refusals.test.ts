import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { buildRpms, plainSpec } from '../clients/rpmbuild.ts'
import {
  dnfFormat,
  inputOf,
  makeKey,
  now,
  publishRpms,
  readAll,
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
  const { format, entry } = await readAll(repository, key.verifier)
  const context = { signers: [], date: now, generation: { sequence: 2, sha256: '0'.repeat(64) } }

  const failure = await failureOf(format.renderEntry(entry, new Map(), context))

  await expect(failure).toMatchFileSnapshot(golden('signature-lost'))
})

test('a package file that is not the artifact any more is refused', async () => {
  const changed = join(folder, 'changed.rpm')
  await copyFile(hello, changed)
  const input = await inputOf(changed)
  await copyFile(withEpoch, changed)

  const failure = await failureOf(dnfFormat().prepare(input))

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
    const { storage, format, entry } = await readAll(repository)

    for (const verifier of [key.verifier, undefined]) {
      const repair = { signers: [key.signer], verifier }
      expect(await format.staleCompanions(storage, entry, repair)).toEqual([])
    }
  })

  test('is found out by an inspection: stale signature, missing record', async () => {
    const repository = join(folder, 'inspected')
    await publishRpms([hello], { to: repository, key })
    await writeFile(join(repository, 'repodata/repomd.xml.asc'), 'of yesterday')
    const { storage, format, entry } = await readAll(repository, key.verifier)
    const filelists = (await listFiles(repository)).find((path) => path.includes('-filelists.xml')) ?? ''
    await storage.delete(filelists)

    expect(await format.inspect(storage, entry, { verifier: key.verifier })).toMatchObject([
      { code: 'DNF_SIGNATURE_STALE', path: 'repodata/repomd.xml.asc' },
      { code: 'DNF_METADATA_MISSING', path: filelists },
    ])
  })
})
