import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runChild } from '../../src/lib/child.ts'
import { generateCosignKey } from '../../src/signing/cosign/generate-key.ts'
import { cosignSigner } from '../../src/signing/cosign/signer.ts'
import { preAuthenticationEncoding } from '../../src/signing/dsse.ts'
import { simpleSigningPayload } from '../../src/signing/simple-signing.ts'
import { signatureStatement } from '../../src/signing/statement.ts'
import { artifactVerifier } from '../../src/signing/verify/open-verifier.ts'

const digest = `sha256:${'ab'.repeat(32)}` as const
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-cosign-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function openssl(...words: readonly string[]): Promise<string> {
  const { end, stdout, stderr } = await runChild('openssl', words, {
    cwd: folder,
    environment: { PATH: process.env['PATH'] ?? '' },
    timeoutMs: 30_000,
    outputBytesMax: 1 << 20,
  })
  return end.kind === 'exit' && end.code === 0 ? Buffer.from(stdout).toString() : `failed: ${stdout}${stderr}`
}

async function check(publicKeyPem: string, data: Uint8Array, signature: Uint8Array): Promise<string> {
  await writeFile(join(folder, 'cosign.pub'), publicKeyPem)
  await writeFile(join(folder, 'data'), data)
  await writeFile(join(folder, 'signature'), signature)
  return openssl('dgst', '-sha256', '-verify', 'cosign.pub', '-signature', 'signature', 'data')
}

test('openssl verifies the payload of a .sig layer and the envelope of a bundle, and refuses a changed one', async () => {
  const { privateKeyPem, publicKeyPem } = await generateCosignKey('hello')
  const signer = await cosignSigner({ key: privateKeyPem, password: 'hello' })
  const payload = simpleSigningPayload('registry.example.org/team/app', digest)
  const { signature } = await signer.signSimple(payload)
  const statement = signatureStatement(digest)
  const { bytes } = await signer.signDsse(statement, 'application/vnd.in-toto+json')
  const { dsseEnvelope } = JSON.parse(Buffer.from(bytes).toString())
  const encoding = preAuthenticationEncoding('application/vnd.in-toto+json', statement)
  const sig = Buffer.from(dsseEnvelope.signatures[0].sig, 'base64')

  expect(await check(publicKeyPem, payload, signature)).toBe('Verified OK\n')
  expect(await check(publicKeyPem, encoding, sig)).toBe('Verified OK\n')
  expect(await check(publicKeyPem, Buffer.concat([payload, Buffer.from(' ')]), signature)).toContain('failed')
})

test.each([
  ['EC', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'key.pem']],
  ['RSA', ['genrsa', '-out', 'key.pem', '2048']],
])('a key that openssl makes (%s) signs, and what openssl signs with it is accepted', async (_, words) => {
  await openssl(...words)
  const key = await openssl('pkey', '-in', 'key.pem')
  const publicKeyPem = await openssl('pkey', '-in', 'key.pem', '-pubout')
  const signer = await cosignSigner({ key })
  const payload = simpleSigningPayload('registry.example.org/team/app', digest)
  await writeFile(join(folder, 'payload'), payload)
  await openssl('dgst', '-sha256', '-sign', 'key.pem', '-out', 'made', 'payload')
  const made = (await openssl('base64', '-A', '-in', 'made')).trim()
  const verifier = await artifactVerifier({ publicKeysPem: [publicKeyPem] })

  expect(signer.publicKeyPem).toBe(publicKeyPem)
  expect(await check(publicKeyPem, payload, (await signer.signSimple(payload)).signature)).toBe(
    'Verified OK\n',
  )
  expect(
    (await verifier.verifySimple(payload, { 'dev.cosignproject.cosign/signature': made }, digest)).by,
  ).toEqual({ kind: 'key', keyId: signer.keyId })
})
