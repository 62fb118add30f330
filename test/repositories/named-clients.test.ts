import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { debianClientNames } from '../../src/clients/debian-clients.ts'
import type { rpmClientNames } from '../../src/clients/rpm-clients.ts'
import { failureText } from '../../src/errors.ts'
import { mustRun } from '../clients/command.ts'
import { buildDeb } from '../clients/dpkg-deb.ts'
import { buildRpms, plainSpec, signRpms } from '../clients/rpmbuild.ts'
import { aptFormat, publishDebs } from './apt-world.ts'
import {
  dnfFormat,
  endGpgHome,
  gpgHome,
  makeKey,
  publishRpms,
  removeFolder,
  scratchFolder,
  type TestKey,
} from './dnf-world.ts'

let folder: string
let key: TestKey
let gpg: string
let zstdDeb: string
let unsignedRpm: string
beforeAll(async () => {
  folder = await scratchFolder()
  key = await makeKey()
  gpg = await gpgHome(join(folder, 'g'), key)
  await buildDeb(folder, { name: 'hello' })
  zstdDeb = join(folder, 'zstd.deb')
  await mustRun('dpkg-deb', [
    '--root-owner-group',
    '-Zzstd',
    '--build',
    join(folder, 'tree-hello_1.0-1_amd64'),
    zstdDeb,
  ])
  const built = await buildRpms(join(folder, 'rpms'), plainSpec('hello', '1.0'))
  unsignedRpm = built.find((path) => path.endsWith('.noarch.rpm')) ?? ''
})
afterAll(async () => {
  await endGpgHome(gpg)
  await removeFolder(folder)
})

let count = 0
const repository = () => join(folder, `r${++count}`)
const publishDeb = (...clients: (typeof debianClientNames)[number][]) =>
  publishDebs([zstdDeb], { to: repository(), format: aptFormat({ clients }) })

async function publishRpm(clients: readonly (typeof rpmClientNames)[number][], options: readonly string[]) {
  const to = repository()
  await mkdir(to)
  const rpm = join(to, 'hello-1.0-1.noarch.rpm')
  await copyFile(unsignedRpm, rpm)
  await signRpms([rpm], gpg, key.signer.fingerprint, options)
  return publishRpms([rpm], { to, key, format: dnfFormat({ clients: [...clients] }) })
}

const sha1 = ['--define', '_gpg_digest_algo sha1']

const refused: { readonly [name: string]: () => Promise<unknown> } = {
  'deb-zstd': () => publishDeb('debian-12', 'debian-11'),
  'rpm-sha1': () => publishRpm(['fedora-43'], sha1),
  'rpm-ed25519': () => publishRpm(['el8', 'el9'], []),
}

describe('a package that a named client could not install is refused', () => {
  test.each(Object.entries(refused))('%s', async (name, attempt) => {
    const failure: unknown = await attempt().catch((error: unknown) => error)

    await expect(`${failureText(failure)}\n`).toMatchFileSnapshot(`testdata/errors/named-clients-${name}.txt`)
  })
})

test('it is published where only clients are named that can, or nobody is', async () => {
  await publishDeb('debian-12', 'ubuntu-24.04')
  await publishDeb()
  await publishRpm(['fedora-43'], [])
  await publishRpm([], sha1)

  const { added } = await publishRpm(['el10', 'fedora-41'], ['--rpmv3'])

  expect(added.map(({ name }) => name)).toEqual(['hello'])
})
