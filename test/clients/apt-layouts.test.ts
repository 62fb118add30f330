import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import { openpgpSigner } from '../../src/signing/openpgp/signer.ts'
import type { Signer } from '../../src/signing/signer.ts'
import { type StaticServer, serveFolder } from '../servers/static-http.ts'
import { type AptLayout, writeAptRepository } from './apt-repository.ts'
import { buildDeb } from './dpkg-deb.ts'
import { indexForms } from './index-forms.ts'
import { aptReaders } from './readers.ts'
import { testReading } from './reading.ts'

const layouts: Readonly<Record<string, AptLayout>> = {
  ...Object.fromEntries(
    Object.entries(indexForms).map(([name, form]): [string, AptLayout] => [name, { form, names: 'by-hash' }]),
  ),
  ...withGzip('gzip members, unsorted', { names: 'by-hash', isUnsorted: true }),
  ...withGzip('gzip members at the usual name', { names: 'usual' }),
  ...withGzip('gzip members at both names', { names: 'both' }),
}

function withGzip(title: string, layout: Omit<AptLayout, 'form'>): Record<string, AptLayout> {
  const form = indexForms['gzip, a member for each package']
  if (form === undefined) throw new Error('the list of forms has changed')
  return { [title]: { form, ...layout } }
}

let folder: string
let server: StaticServer
let signer: Signer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-layouts-'))
  const date = new Date('2025-01-01T00:00:00Z')
  const key = await generateKey({ userId: 'Layouts <layouts@example.org>', algorithm: 'ed25519', date })
  signer = await openpgpSigner({ key: key.privateKeyArmored, now: new Date('2025-07-01T12:00:00Z') })
  const pool = join(folder, 'pool')
  await mkdir(pool)
  for (const name of ['hello', 'salut', 'servus']) {
    const deb = await buildDeb(join(folder, 'build'), { name })
    await cp(deb, join(pool, basename(deb)))
  }
  for (const [title, layout] of Object.entries(layouts)) {
    await cp(pool, join(folder, folderOf(title), 'pool'), { recursive: true })
    await writeAptRepository(join(folder, folderOf(title)), layout, signer)
  }
  server = await serveFolder(folder)
})

afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

const folderOf = (title: string): string => title.replaceAll(/\W+/g, '-')

testReading(
  aptReaders,
  Object.fromEntries(
    Object.keys(layouts).map((title) => [
      title,
      () => ({
        source: {
          url: `${server.url}/${folderOf(title)}`,
          suite: 'stable',
          component: 'main',
          publicKeyArmored: signer.publicKeyArmored,
        },
        packages: ['hello 1.0-1 amd64', 'salut 1.0-1 amd64', 'servus 1.0-1 amd64'],
        installable: {
          name: 'salut',
          path: 'usr/share/salut/greeting',
          content: 'hello from salut 1.0-1\n',
        },
      }),
    ]),
  ),
)
