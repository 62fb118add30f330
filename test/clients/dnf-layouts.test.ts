import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import { openpgpSigner } from '../../src/signing/openpgp/signer.ts'
import type { Signer } from '../../src/signing/signer.ts'
import { type StaticServer, serveFolder } from '../servers/static-http.ts'
import { mustRun } from './command.ts'
import { type DnfLayout, writeDnfRepository } from './dnf-repository.ts'
import { indexForms } from './index-forms.ts'
import { rpmReaders } from './readers.ts'
import { testReading } from './reading.ts'
import { buildRpms, plainSpec, signRpms } from './rpmbuild.ts'

const layouts: Readonly<Record<string, DnfLayout>> = {
  ...Object.fromEntries(
    Object.entries(indexForms).map(([name, form]): [string, DnfLayout] => [name, { form, names: 'hashed' }]),
  ),
  ...withGzip('gzip members, unsorted', { names: 'hashed', isUnsorted: true }),
  ...withGzip('gzip members and plain names', { names: 'plain' }),
  ...withGzip('gzip members and a number of packages that is wrong', { names: 'hashed', count: '0000000' }),
}

function withGzip(title: string, layout: Omit<DnfLayout, 'form'>): Record<string, DnfLayout> {
  const form = indexForms['gzip, a member for each package']
  if (form === undefined) throw new Error('the list of forms has changed')
  return { [title]: { form, ...layout } }
}

let folder: string
let server: StaticServer
let signer: Signer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hl-'))
  // RSA, because rpm 4.16 cannot verify EdDSA.
  const date = new Date('2025-01-01T00:00:00Z')
  const key = await generateKey({ userId: 'Layouts <layouts@example.org>', algorithm: 'rsa4096', date })
  signer = await openpgpSigner({ key: key.privateKeyArmored, now: new Date('2025-07-01T12:00:00Z') })
  const packages = await signedPackages(join(folder, 'build'), key.privateKeyArmored)
  for (const [title, layout] of Object.entries(layouts)) {
    const repository = join(folder, folderOf(title))
    await mkdir(repository)
    for (const path of packages) await cp(path, join(repository, basename(path)))
    await writeDnfRepository(repository, layout, signer)
  }
  server = await serveFolder(folder)
})

async function signedPackages(build: string, privateKeyArmored: string): Promise<readonly string[]> {
  const home = join(build, 'gpg')
  await mkdir(home, { recursive: true, mode: 0o700 })
  await mustRun('gpg', ['--homedir', home, '--batch', '--import'], { input: privateKeyArmored })
  const paths: string[] = []
  for (const name of ['hello', 'salut', 'servus']) {
    const built = await buildRpms(join(build, name), plainSpec(name, '1.0'))
    paths.push(...built.filter((path) => path.endsWith('.noarch.rpm')))
  }
  await signRpms(paths, home, signer.fingerprint)
  await mustRun('gpgconf', ['--homedir', home, '--kill', 'gpg-agent'])
  return paths
}

afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

const folderOf = (title: string): string => title.replaceAll(/\W+/g, '-')

testReading(
  rpmReaders,
  Object.fromEntries(
    Object.keys(layouts).map((title) => [
      title,
      () => {
        const url = `${server.url}/${folderOf(title)}`
        return {
          source: { url, keyUrl: `${url}/repodata/repomd.xml.key` },
          packages: ['hello 1.0-1 noarch', 'salut 1.0-1 noarch', 'servus 1.0-1 noarch'],
          installable: { name: 'salut', path: 'usr/share/salut/version', content: '1.0\n' },
        }
      },
    ]),
  ),
)
