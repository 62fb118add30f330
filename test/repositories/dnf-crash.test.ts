import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { buildRpms, plainSpec } from '../clients/rpmbuild.ts'
import {
  makeKey,
  publishRpms,
  readAll,
  removeFolder,
  scratchFolder,
  type TestKey,
  watched,
} from './dnf-world.ts'
import { listFiles } from './repodata.ts'

let folder: string
let key: TestKey
let rpms: string[]

beforeAll(async () => {
  folder = await scratchFolder()
  key = await makeKey()
  rpms = []
  for (let index = 0; index < 8; index += 1) {
    const built = await buildRpms(join(folder, 'rpms'), plainSpec(`package-${index}`, '1.0'))
    rpms.push(...built.filter((path) => path.includes(`package-${index}-1.0-1.noarch`)))
  }
})

afterAll(() => removeFolder(folder))

class Crash extends Error {}

/** Dies at one write: before it, or after it is durable but before anybody hears of it. */
function crashing(storage: Storage, atWrite: number, when: 'before' | 'after'): Storage {
  const counts = { before: 0, after: 0 }
  return watched(storage, (path, moment) => {
    counts[moment] += 1
    if (moment === when && counts[moment] === atWrite) throw new Crash(path)
  })
}

async function stateOf(repository: string): Promise<Map<string, string>> {
  const state = new Map<string, string>()
  for (const path of await listFiles(repository)) {
    if (!path.startsWith('.')) state.set(path, await readFile(join(repository, path), 'latin1'))
  }
  return state
}

test.each(['before', 'after'] as const)(
  'a publish that dies %s any of its writes leaves the old state or the new one, and repeated ends the same',
  async (when) => {
    const start = join(folder, `start-${when}`)
    await publishRpms(rpms.slice(0, 2), { to: start, key })
    const straight = join(folder, `straight-${when}`)
    await cp(start, straight, { recursive: true })
    await publishRpms(rpms.slice(0, 4), { to: straight, key })
    const expected = await stateOf(straight)

    let isFinished = false
    for (let write = 1; !isFinished; write += 1) {
      const repository = join(folder, `crash-${when}-${write}`)
      await cp(start, repository, { recursive: true })
      const storage = crashing(fileStorage(repository), write, when)
      const outcome = await publishRpms(rpms.slice(0, 4), { to: storage, key }).catch(
        (error: unknown) => error,
      )
      if (!(outcome instanceof Crash)) {
        expect(outcome).not.toBeInstanceOf(Error)
        expect(write).toBeGreaterThan(7)
        isFinished = true
      }

      // The verifier accepts it at every moment: the signature is there before what it signs.
      const between = await readAll(repository, key.verifier)
      expect([2, 4]).toContain(between.entries.length)
      expect(between.entry.signature.status).toBe('verified')

      await publishRpms(rpms.slice(0, 4), { to: repository, key })
      expect(await stateOf(repository)).toEqual(expected)
    }
  },
)

test('publishers at the same time lose nothing, and the signature is that of the last one', async () => {
  const repository = join(folder, 'race')

  await Promise.all(rpms.map((rpm) => publishRpms([rpm], { to: repository, key })))

  const { storage, format, entry, entries } = await readAll(repository, key.verifier)
  expect(entries.map(({ name }) => name).toSorted()).toEqual(rpms.map((_, index) => `package-${index}`))
  const repair = { signers: [key.signer], verifier: key.verifier }
  expect(await format.staleCompanions(storage, entry, repair)).toEqual([])
  const signature = await readFile(join(repository, 'repodata/repomd.xml.asc'))
  const repomd = await readFile(join(repository, 'repodata/repomd.xml'))
  await expect(key.verifier.verifyDetached(repomd, signature)).resolves.toBe(key.signer.fingerprint)
  expect(await verifyRepository({ format, storage, verifier: key.verifier, deep: true })).toEqual([])
})

test('a publish of what is there writes nothing', async () => {
  const repository = join(folder, 'again')
  await publishRpms(rpms.slice(0, 2), { to: repository, key })
  const writes: string[] = []
  const storage = watched(fileStorage(repository), (path) => writes.push(path))

  const result = await publishRpms(rpms.slice(0, 2), { to: storage, key })

  expect(result.kept).toHaveLength(2)
  expect(writes).toEqual([])
})

test('repomd.xml comes when everything that it names is there, and its signature follows at once', async () => {
  const events: string[] = []
  const storage = watched(fileStorage(join(folder, 'ordered')), (path, when) => {
    events.push(`${when} ${path.replace(/[0-9a-f]{64}/g, 'SUM')}`)
  })

  await publishRpms(rpms.slice(0, 1), { to: storage, key })

  const swap = events.indexOf('before repodata/repomd.xml')
  const named = [
    'packages/p/package-0-1.0-1.noarch.rpm',
    'repodata/SUM-primary.xml.gz',
    'repodata/SUM-filelists.xml.gz',
    'repodata/SUM-other.xml.gz',
    'repodata/SUM-repomd.xml.asc',
    '.hawser/repodata/generations/00000001-SUM.json',
  ]
  for (const path of named) expect(events.slice(0, swap)).toContain(`after ${path}`)
  expect(events.slice(swap)).toEqual(
    [
      'repodata/repomd.xml',
      'repodata/repomd.xml.asc',
      '.hawser/repodata/latest.json',
      'repodata/repomd.xml.key',
    ]
      .concat('test.repo', 'RPM-GPG-KEY-test')
      .flatMap((path) => [`before ${path}`, `after ${path}`]),
  )
})
