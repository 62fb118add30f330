import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPublicKeys } from '../../src/signing/openpgp/public-keys.ts'
import { AptClient } from '../clients/apt.ts'
import type { CommandResult } from '../clients/command.ts'
import { DnfClient } from '../clients/dnf.ts'
import { commit, emptyProject, newKey, type TestProject } from './project.ts'

interface Phase {
  readonly keys: readonly string[]
  readonly accepted?: readonly string[]
  /** Signs inside of rpm packages. */
  readonly sign: string
}

const list = (items: readonly string[]) => `[${items.join(', ')}]`

const hawserYaml = (folder: string, { keys, accepted = [], sign }: Phase) => `project: greet
keys:
  old: { openpgp: { key: 'file:.hawser/keys/old.asc' } }
  new: { openpgp: { key: 'file:.hawser/keys/new.asc' } }
packages:
  greet:
    architectures: [all]
    summary: Greets
    maintainer: Release Team <release@example.org>
    license: MIT
    compression: gzip
    sign: ${sign}
    contents: [{ from: greeting, to: /usr/share/greet/greeting }]
  greet-keyring:
    maintainer: Release Team <release@example.org>
    license: CC0-1.0
    sign: ${sign}
    keyring: { repositories: [debian, fedora], sources: true }
repositories:
  debian:
    apt: { suite: stable, pinKeys: true }
    storage: { file: { path: repositories/debian } }
    url: file://${folder}/project/repositories/debian
    keys: ${list(keys)}
    acceptedKeys: ${list(accepted)}
  fedora:
    dnf: {}
    storage: { file: { path: repositories/fedora } }
    url: file://${folder}/project/repositories/fedora
    keys: ${list(keys)}
    acceptedKeys: ${list(accepted)}
forge: { local: { releases: releases, tagger: 'Release Team <release@example.org>' } }
release: { tag: 'v\${version}', title: 'Greet \${version}' }
`

let project: TestProject
let folder: string
const fingerprints: Record<string, string> = {}
const publicKeys: Record<string, { readonly armored: string; readonly binary: Uint8Array }> = {}
const dnfClients: DnfClient[] = []

beforeAll(async () => {
  project = await emptyProject({})
  folder = join(project.root, '..')
  await project.write('.gitignore', '/.hawser/\n/dist/\n/releases/\n/repositories/\n')
  await project.write('greeting', 'Hello.\n')
  for (const name of ['old', 'new']) {
    const armored = await newKey()
    await project.write(`.hawser/keys/${name}.asc`, armored)
    const [key] = await openPublicKeys(armored)
    if (key === undefined) throw new Error('A key was made')
    fingerprints[name] = key.fingerprint
    publicKeys[name] = { armored: key.publicKeyArmored, binary: key.publicKeyBinary }
    await project.write(`keys/${name}.asc`, key.publicKeyArmored)
  }
})
afterAll(async () => {
  for (const client of dnfClients) await client.remove()
  await project.remove()
})

async function declare(phase: Phase): Promise<void> {
  await project.write('hawser.yaml', hawserYaml(folder, phase))
  await commit(project, `Sign with ${phase.keys.join(' and ')}`)
}

async function release(version: string, phase: Phase): Promise<void> {
  await declare(phase)
  const { code, stdout, stderr } = await project.hawser(['release', version, '--yes'])
  expect(code, `${stdout}\n${stderr}`).toBe(0)
}

const published = (...parts: readonly string[]) => join(project.root, 'repositories', ...parts)
const ok = ({ status, stdout, stderr }: CommandResult) => expect(status, `${stdout}\n${stderr}`).toBe(0)

/** A system that trusts what is in the keyring, where the keyring package has it. */
async function aptClient(name: string, keyring: Uint8Array): Promise<AptClient> {
  const client = await AptClient.create(join(folder, name))
  await mkdir(client.root('usr/share/keyrings'), { recursive: true })
  await writeFile(client.root('usr/share/keyrings/debian.gpg'), keyring)
  const sources = await readFile(published('debian/debian.sources'), 'utf8')
  expect(sources).toContain('Signed-By: /usr/share/keyrings/debian.gpg\n')
  await writeFile(client.root('etc/apt/sources.list.d/debian.sources'), moved(client, sources))
  return client
}

/** Paths of the system as paths of this machine. */
const moved = (client: { root(...parts: string[]): string }, text: string) =>
  text.replaceAll(/(?<=: |file:\/\/)(?=\/(usr|etc)\/)/g, client.root())

async function dnfClient(name: string, armored: string): Promise<DnfClient> {
  const client = await DnfClient.create(join(folder, name), { id: 'x', baseUrl: 'file:///x', keyUrls: [] })
  dnfClients.push(client)
  const key = join(folder, `${name}.key`)
  await writeFile(key, armored)
  const repo = await readFile(published('fedora/fedora.repo'), 'utf8')
  await client.useRepoFile(repo.replace(/^gpgkey=.*$/m, `gpgkey=file://${key}`))
  return client
}

/** The system goes on with the files of the keyring package that it has installed. */
async function useInstalledRepo(client: DnfClient): Promise<void> {
  const repo = await readFile(client.root('etc/yum.repos.d/fedora.repo'), 'utf8')
  await client.useRepoFile(moved(client, repo))
}

let apt: { readonly kept: AptClient; readonly old: AptClient }
let dnf: { readonly kept: DnfClient; readonly old: DnfClient }

test('1: with the old key alone, systems install the keyring package', async () => {
  await release('1.0.0', { keys: ['old'], sign: 'old' })

  const { binary = new Uint8Array(), armored = '' } = publicKeys['old'] ?? {}
  apt = { kept: await aptClient('a1', binary), old: await aptClient('a2', binary) }
  for (const client of Object.values(apt)) ok(await client.get('update'))
  ok(await apt.kept.get('-o', 'Dpkg::Options::=--force-confold', 'install', 'greet-keyring', 'greet'))
  dnf = { kept: await dnfClient('d1', armored), old: await dnfClient('d2', armored) }
  for (const client of Object.values(dnf)) ok(await client.run('makecache'))
  ok(await dnf.kept.run('install', 'greet-keyring', 'greet'))
  await useInstalledRepo(dnf.kept)
  expect(await readFile(apt.kept.root('usr/share/keyrings/debian.gpg'))).toEqual(Buffer.from(binary))
})

test('2: while both keys sign, systems that know only one of them go on, and the keyring package brings both', async () => {
  await release('1.1.0', { keys: ['old', 'new'], sign: 'old' })

  const inRelease = await readFile(published('debian/dists/stable/InRelease'), 'utf8')
  expect(inRelease).toContain(`Signed-By: ${fingerprints['old']},${fingerprints['new']}\n`)
  const { binary = new Uint8Array(), armored = '' } = publicKeys['new'] ?? {}
  const [newApt, newDnf] = [await aptClient('a3', binary), await dnfClient('d3', armored)]
  for (const client of [...Object.values(apt), newApt]) {
    const result = await client.get('update')
    ok(result)
    expect(result.stderr).not.toMatch(/^[EW]:/m)
  }
  for (const client of [...Object.values(dnf), newDnf]) ok(await client.run('makecache'))
  ok(await apt.old.get('install', 'greet'))
  ok(await newApt.get('install', 'greet'))
  ok(await dnf.old.run('install', 'greet'))
  ok(await apt.kept.get('upgrade'))
  ok(await dnf.kept.run('upgrade'))
  await useInstalledRepo(dnf.kept)
  const both = Buffer.concat([publicKeys['old']?.binary ?? binary, binary])
  expect(await readFile(apt.kept.root('usr/share/keyrings/debian.gpg'))).toEqual(both)
})

test('3: with the new key alone, systems that upgraded go on, and those that know only the old key refuse', async () => {
  await release('1.2.0', { keys: ['new'], accepted: ['file:keys/old.asc'], sign: 'new' })

  ok(await apt.kept.get('update'))
  ok(await apt.kept.get('upgrade'))
  expect(await apt.kept.installed()).toMatch(/Package: greet\n(.+\n)*Version: 1\.2\.0-1\n/)
  const refused = await apt.old.get('update')
  expect(refused.stderr).toMatch(/NO_PUBKEY|not signed|couldn't be verified|not available/)
  ok(await dnf.kept.run('upgrade'))
  const query = await dnf.kept.run('repoquery', '--installed', '--qf', '%{name} %{version}')
  expect(query.stdout).toContain('greet 1.2.0')
  expect((await dnf.old.run('makecache')).status).not.toBe(0)
  const verified = await project.hawser(['repo', 'verify', 'debian'])
  expect(verified.code, verified.stdout + verified.stderr).toBe(0)
})

test('what only the old key signed is read when it is accepted, and refused when it is not', async () => {
  await declare({ keys: ['old'], accepted: ['file:keys/new.asc'], sign: 'old' })
  expect((await project.hawser(['repo', 'refresh', 'debian'])).code).toBe(0)
  await declare({ keys: ['new'], sign: 'new' })

  const refused = await project.hawser(['repo', 'refresh', 'debian'])
  await declare({ keys: ['new'], accepted: ['file:keys/old.asc'], sign: 'new' })
  const accepted = await project.hawser(['repo', 'refresh', 'debian'])

  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain('not trusted')
  expect(accepted.code, accepted.stderr).toBe(0)
})
