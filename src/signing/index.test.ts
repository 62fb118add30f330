import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Redactor } from '../lib/redact.ts'
import { generateCosignKey } from './cosign/generate-key.ts'
import { artifactSigners, signerProviders } from './index.ts'
import { generateKey } from './openpgp/generate-key.ts'

const now = new Date('2024-06-01T00:00:00Z')

test.each([...signerProviders, ...artifactSigners])(
  'the example of "$name" is valid',
  ({ options, example }) => {
    expect(options.safeParse(example).success).toBe(true)
  },
)

test.each(signerProviders)(
  '"$name" takes references only, and its error does not repeat a secret',
  ({ options }) => {
    const { error } = options.safeParse({ key: 'hunter2' })

    expect(error?.issues[0]?.message).toContain('Write "env:NAME"')
    expect(JSON.stringify(error)).not.toContain('hunter2')
  },
)

test.each(artifactSigners)(
  '"$name" takes references and safe addresses only, and repeats no secret',
  ({ options }) => {
    const written = {
      key: 'hunter2',
      password: 'hunter2',
      identityToken: 'hunter2',
      fulcio: 'http://example.org',
    }
    const { error } = options.safeParse(written)

    expect(error?.issues.map(({ message }) => message).join()).toContain('Write "env:NAME"')
    expect(JSON.stringify(error)).not.toContain('hunter2')
  },
)

test('a cosign signer reads key and password where they are, masks both, and passes on warnings', async () => {
  const root = await mkdtemp(join(tmpdir(), 'hawser-signing-'))
  const { privateKeyPem, keyId } = await generateCosignKey('correct horse')
  await writeFile(join(root, 'cosign.key'), privateKeyPem, { mode: 0o644 })
  const redactor = new Redactor()
  const [cosign] = artifactSigners

  const signer = await cosign.create(
    { key: 'file:cosign.key', password: 'env:COSIGN_PASSWORD' },
    {
      root,
      environment: { COSIGN_PASSWORD: 'correct horse\n' },
      now,
      maskSecret: (secret) => redactor.add(secret),
    },
  )

  expect(signer.keyId).toBe(keyId)
  expect(signer.warnings).toEqual([
    'The secret file "cosign.key" is open to other users (mode 0644); run: chmod 600 cosign.key',
  ])
  expect(redactor.text(`correct horse ${privateKeyPem.split('\n')[3]}`)).toBe('*** ***')
  const wrong = cosign.create(
    { key: 'file:cosign.key' },
    { root, environment: {}, now, maskSecret: () => undefined },
  )
  await expect(wrong).rejects.toThrow('The key "file:cosign.key" cannot be used. The signing key is locked')
  await rm(root, { recursive: true })
})

test('an openpgp signer reads key and passphrase where they are, masks them, and passes on warnings', async () => {
  const root = await mkdtemp(join(tmpdir(), 'hawser-signing-'))
  const passphrase = 'correct horse'
  const key = await generateKey({ userId: 'A <a@example.org>', algorithm: 'ed25519', date: now, passphrase })
  await writeFile(join(root, 'release.asc'), key.privateKeyArmored, { mode: 0o644 })
  const redactor = new Redactor()
  const [openpgp] = signerProviders

  const signer = await openpgp.create(
    { key: 'file:release.asc', passphrase: 'env:PASSPHRASE' },
    {
      root,
      environment: { PASSPHRASE: `${passphrase}\n` },
      now,
      maskSecret: (secret) => redactor.add(secret),
    },
  )

  expect(signer.fingerprint).toBe(key.fingerprint)
  expect(signer.warnings).toEqual([
    'The secret file "release.asc" is open to other users (mode 0644); run: chmod 600 release.asc',
    'rpm 4.16 (Debian 11) cannot verify ed25519 signatures.',
  ])
  expect(redactor.text(`${passphrase} ${key.privateKeyArmored.split('\n')[3]}`)).toBe('*** ***')
  await rm(root, { recursive: true })
})
