import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cosignSigner } from '../../src/signing/cosign/signer.ts'
import { startHawser } from '../acceptance/hawser.ts'

const password = 'correct horse battery'
const hawserYaml = `project: greet
keys:
  images: { cosign: { key: 'file:.hawser/keys/images.key', password: 'env:KEY_PASSWORD' } }
  remote: { cosign: { key: 'cmd:cat key' } }
  ci: { sigstore: {} }
  packages: { openpgp: { key: 'file:.hawser/keys/packages.asc' } }
`

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'hawser-key-'))
  await writeFile(join(root, 'hawser.yaml'), hawserYaml)
})
afterAll(() => rm(root, { recursive: true }))

const hawser = (...args: readonly string[]) =>
  startHawser(['key', ...args], {
    cwd: root,
    environment: { PATH: process.env['PATH'], HOME: root, KEY_PASSWORD: password },
  }).ended

test('a cosign key is made where the file says, locked, never overwritten, and shown with its public part', async () => {
  const made = await hawser('create', 'images', '--kind', 'cosign', '--json')
  const { fingerprint, privatePath, publicPath } = JSON.parse(made.stdout)
  const key = await readFile(join(root, privatePath), 'utf8')
  const publicKeyPem = await readFile(join(root, publicPath), 'utf8')

  expect([made.code, privatePath, publicPath]).toEqual([
    0,
    '.hawser/keys/images.key',
    '.hawser/keys/images.pub',
  ])
  expect((await stat(join(root, privatePath))).mode & 0o777).toBe(0o600)
  expect(await cosignSigner({ key, password })).toMatchObject({ keyId: fingerprint, publicKeyPem })
  await expect(cosignSigner({ key })).rejects.toMatchObject({ code: 'KEY_LOCKED' })

  const again = await hawser('new', 'images')
  expect(again.code).toBe(5)
  await expect(again.stderr).toMatchFileSnapshot('testdata/errors/key-command-again.txt')
  expect(await readFile(join(root, privatePath), 'utf8')).toBe(key)

  const shown = await hawser('show', 'images')
  expect(shown.stdout).toBe(`ecdsa-p256 key ${fingerprint}\n${publicKeyPem.trimEnd()}\n`)
})

test.each([
  ['kind', ['new', 'packages', '--kind', 'cosign']],
  ['option', ['new', 'images', '--user', 'A <a@example.org>']],
  ['keyless', ['new', 'ci']],
  ['not-a-file', ['new', 'remote']],
  ['no-identity', ['show', 'ci']],
])('what cannot be made is told: %s', async (name, args) => {
  const { code, stderr } = await hawser(...args)

  expect(code).toBe(2)
  await expect(stderr).toMatchFileSnapshot(`testdata/errors/key-command-${name}.txt`)
})
