import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeDebs } from '../../bench/repositories/debs.ts'
import { makeRpms } from '../../bench/repositories/rpms.ts'
import { TransientError, UserError } from '../../src/errors.ts'
import { copyPackages } from '../../src/repositories/copy-packages.ts'
import { entriesOf } from '../../src/repositories/find-entries.ts'
import { collectGarbage } from '../../src/repositories/gc.ts'
import { probeRepository } from '../../src/repositories/probe.ts'
import { publishPackages } from '../../src/repositories/publish.ts'
import { refreshRepository } from '../../src/repositories/refresh.ts'
import { removePackages } from '../../src/repositories/remove.ts'
import type { PackageInput, RepositoryFormat } from '../../src/repositories/repository-format.ts'
import { rollbackRepository } from '../../src/repositories/rollback.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { aptFormat, inputOf as debInput, later, makeKey, now, type TestKey } from './apt-world.ts'
import { dnfFormat, inputOf as rpmInput } from './dnf-world.ts'
import { everyCall } from './every-call.ts'

let folder: string
let key: TestKey
const inputs: { apt: PackageInput[]; dnf: PackageInput[] } = { apt: [], dnf: [] }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-unknown-'))
  key = await makeKey()
  inputs.apt = await Promise.all(makeDebs(join(folder, 'debs'), 0, 4).map(({ file }) => debInput(file)))
  inputs.dnf = await Promise.all((await makeRpms(join(folder, 'rpms'), 0, 4)).map(rpmInput))
})
afterAll(() => rm(folder, { recursive: true }))

const formats = {
  apt: () => aptFormat({ architectures: ['amd64'] }),
  dnf: () => dnfFormat({ unsignedPackages: 'allow' }),
}
const entryPaths = { apt: 'dists/stable/InRelease', dnf: 'repodata/repomd.xml' }

const failures = {
  'a timeout': () => new TransientError('S3_UNAVAILABLE', 'timeout'),
  'a 403': () => new UserError('S3_DENIED', 'denied'),
}

interface World {
  readonly format: RepositoryFormat
  readonly storage: Storage
  readonly added: readonly PackageInput[]
  readonly pristine: Storage
}

type Work = (world: World) => Promise<unknown>

const common = ({ format, storage }: World) => ({
  format,
  storage,
  signers: [key.signer],
  verifier: key.verifier,
  name: 'unknown',
  date: later,
})

const works: { readonly [name: string]: Work } = {
  publish: (world) => publishPackages({ ...common(world), additions: world.added }),
  probe: (world) => probeRepository({ ...common(world), inputs: world.added }),
  refresh: (world) => refreshRepository(common(world)),
  rollback: (world) => rollbackRepository({ ...common(world), to: 1 }),
  remove: (world) => removePackages({ ...common(world), unwanted: ({ name }) => name === 'sample-000001' }),
  gc: (world) => collectGarbage({ ...common(world), keep: 1, graceMs: -2000, dryRun: false }),
  verify: (world) => verifyRepository({ ...common(world), deep: true }),
  copy: (world) =>
    copyPackages({
      from: common({ ...world, storage: world.pristine }),
      to: common(world),
      wanted: () => true,
    }),
}

/** Those that take away what readers see, on purpose. */
const mayShrink = ['rollback', 'remove']

async function namesIn(format: RepositoryFormat, storage: Storage): Promise<readonly string[]> {
  const entry = await format.readEntry(storage, { verifier: key.verifier })
  if (entry?.signature.status !== 'verified') throw new Error('There is no signed repository')
  const names: string[] = []
  for await (const { name } of entriesOf(format, storage, entry, {})) names.push(name)
  return names
}

describe.each(['apt', 'dnf'] as const)('%s', (kind) => {
  test.each(Object.keys(works))(
    '%s: a read that says neither yes nor no never changes what readers see',
    async (name) => {
      const format = formats[kind]()
      const base = join(folder, `${kind}-${name}-base`)
      const [first, second, ...added] = inputs[kind]
      for (const input of [first, second]) {
        const storage = fileStorage(base)
        const additions = input === undefined ? [] : [input]
        await publishPackages({
          ...common({ format, storage, added, pristine: storage }),
          date: now,
          additions,
        })
      }
      const pristine = fileStorage(base)
      const before = await namesIn(format, pristine)
      const entryBefore = await readFile(join(base, entryPaths[kind]))

      for (const [failure, makeError] of Object.entries(failures)) {
        for (let number = 1; ; number++) {
          const path = join(folder, `${kind}-${name}-${number}-${failure.length}`)
          await cp(base, path, { recursive: true })
          let calls = 0
          const storage = everyCall(fileStorage(path), async (call, run) => {
            const isRead = ['get', 'head', 'list'].includes(call.name)
            if (isRead && ++calls === number) throw makeError()
            return run()
          })

          const outcome = await works[name]?.({ format: formats[kind](), storage, added, pristine }).then(
            () => 'done',
            (error: unknown) => error,
          )

          const after = await namesIn(format, fileStorage(path))
          if (!mayShrink.includes(name)) expect(after).toEqual(expect.arrayContaining([...before]))
          if (outcome !== 'done') expect(outcome).toMatchObject({ code: makeError().code })
          const isUnchanged = entryBefore.equals(await readFile(join(path, entryPaths[kind])))
          // What is written is a whole, signed, new state: that it was not read back may still be an error.
          if (!isUnchanged)
            expect(
              await verifyRepository({
                format,
                storage: fileStorage(path),
                verifier: key.verifier,
                deep: true,
              }).then((findings) => findings.filter(({ code }) => !/STALE|DIFFERS|SIGNATURE/.test(code))),
            ).toEqual([])
          await rm(path, { recursive: true })
          if (calls < number) break
        }
      }
    },
  )
})
