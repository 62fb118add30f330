import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PackageSpec } from '../../src/packages/package-spec.ts'
import { rpm } from '../../src/packages/rpm/rpm.ts'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import { openpgpSigner } from '../../src/signing/openpgp/signer.ts'
import type { Signer } from '../../src/signing/signer.ts'
import { mustRun } from '../clients/command.ts'
import { DnfClient } from '../clients/dnf.ts'
import { plainSpec, Sample } from './rpm-sample.ts'

const kinds = ['gzip', 'xz', 'zstd', 'none'] as const
const now = new Date('2026-11-20T00:00:00Z')

let sample: Sample
let signer: Signer

beforeAll(async () => {
  sample = await Sample.create()
  const date = new Date('2024-01-01T00:00:00Z')
  const key = await generateKey({ userId: 'R <r@example.org>', algorithm: 'ed25519', date })
  signer = await openpgpSigner({ key: key.privateKeyArmored, now })
  await mkdir(sample.path('repository'))
  await writeFile(sample.path('key.asc'), signer.publicKeyArmored)
})
afterAll(() => sample.remove())

async function specOf(kind: (typeof kinds)[number]): Promise<PackageSpec> {
  const name = `hello-${kind}`
  return {
    ...plainSpec,
    name,
    contents: [await sample.file(`/usr/share/${name}/big`, Buffer.alloc(3_000_000, kind))],
    compression: { kind, level: kind === 'none' ? 0 : 5 },
  }
}

async function publish(build: (spec: PackageSpec, outputPath: string) => Promise<void>): Promise<DnfClient> {
  for (const kind of kinds) {
    const spec = await specOf(kind)
    await build(spec, sample.path('repository', rpm.fileName(spec)))
  }
  await mustRun('createrepo_c', ['--quiet', sample.path('repository')])
  const entry = sample.path('repository/repodata/repomd.xml')
  await writeFile(`${entry}.asc`, await signer.signDetachedArmored(await readFile(entry), now))
  return DnfClient.create(await mkdirIn('client'), {
    id: 'test',
    baseUrl: `file://${sample.path('repository')}`,
    keyUrls: [`file://${sample.path('key.asc')}`],
  })
}

let clients = 0
async function mkdirIn(name: string): Promise<string> {
  clients += 1
  const folder = sample.path(`${name}-${clients}`)
  await mkdir(folder)
  return folder
}

test('dnf with gpgcheck=1 installs signed packages with every compression', async () => {
  const client = await publish((spec, outputPath) => rpm.build(spec, { outputPath, signer }))

  const { status, stdout, stderr } = await client.run('install', ...kinds.map((kind) => `hello-${kind}`))

  expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' })
  for (const kind of kinds) {
    expect((await readFile(client.root(`usr/share/hello-${kind}/big`))).length).toBe(3_000_000)
  }
})

test('dnf with gpgcheck=1 refuses packages without a signature', async () => {
  const client = await publish((spec, outputPath) => rpm.build(spec, { outputPath }))

  const { status, stdout, stderr } = await client.run('install', 'hello-gzip')

  expect(status).not.toBe(0)
  expect(stdout + stderr).toContain('is not signed')
})
