import { createHash, generateKeyPairSync, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { preAuthenticationEncoding } from '../dsse.ts'
import {
  readSimpleSigningPayload,
  simpleSigningAnnotations,
  simpleSigningPayload,
} from '../simple-signing.ts'
import { signatureStatement } from '../statement.ts'
import { generateCosignKey } from './generate-key.ts'
import { lockKeyFile, unlockKeyFile } from './key-file.ts'
import { cosignSigner } from './signer.ts'

const digest = `sha256:${'ab'.repeat(32)}` as const
const testdata = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'testdata', name))

test.each([
  ['sigstore.key', '8QV788EU1UhvC9s8cCWW1hVBWCSJgNS+SfbGH9xixZE='],
  ['cosign-old.key', 'pmWcCLmQmIDG5LxRyrb9cmVnP2fWFMILpZoYlX/rcA0='],
])('a key that cosign wrote is read: %s', async (name, keyId) => {
  const signer = await cosignSigner({ key: testdata(name), password: 'hello' })

  expect(signer.keyId).toBe(keyId)
  expect(signer.title).toBe(`ecdsa-p256 key ${keyId}`)
})

test('a key may be in base64, or have lost its line ends in a store of secrets', async () => {
  const { keyId } = await cosignSigner({ key: testdata('sigstore.key'), password: 'hello' })
  const text = testdata('sigstore.key').toString()
  const forms = [
    Buffer.from(text).toString('base64'),
    text.replaceAll('\n', ' '),
    text.replaceAll('\n', '\\n'),
  ]

  for (const key of forms) expect((await cosignSigner({ key, password: 'hello' })).keyId).toBe(keyId)
})

test('the file of a new key opens with its password only, and has the form of cosign', async () => {
  const { privateKeyPem, publicKeyPem, keyId } = await generateCosignKey('päss wörd')
  const signer = await cosignSigner({ key: privateKeyPem, password: 'päss wörd' })
  const body = Buffer.from(privateKeyPem.split('\n').slice(1, -2).join(''), 'base64')

  expect(signer).toMatchObject({ publicKeyPem, keyId })
  expect(JSON.parse(body.toString())).toMatchObject({
    kdf: { name: 'scrypt', params: { N: 65536, r: 8, p: 1 } },
    cipher: { name: 'nacl/secretbox' },
  })
  expect(await unlockKeyFile(body, 'päss word')).toBeUndefined()
})

test('a key may have the empty password, which cosign gives it when none is set', async () => {
  const { privateKeyPem, keyId } = await generateCosignKey('')

  expect((await cosignSigner({ key: privateKeyPem })).keyId).toBe(keyId)
})

test('the same key, password and random bytes give the same file', async () => {
  const random = (size: number): Uint8Array => Buffer.alloc(size, 7)
  const lock = () => lockKeyFile(Buffer.from('a key'), 'hello', random)

  expect(await lock()).toBe(await lock())
})

test.each([2048, 3072])('an RSA key of openssl with %d bits signs, locked or not', async (modulusLength) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength })
  const locked = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hello' } as const
  const data = Buffer.from('data')

  for (const key of [
    privateKey.export({ type: 'pkcs1', format: 'pem' }),
    privateKey.export(locked),
    privateKey.export({ type: 'pkcs8', format: 'pem' }),
  ]) {
    const { signature } = await (await cosignSigner({ key, password: 'hello' })).signSimple(data)
    expect(verify('sha256', data, publicKey, signature)).toBe(true)
  }
})

test('payload, statement and bundle have the bytes of cosign', async () => {
  const signer = await cosignSigner({ key: testdata('sigstore.key'), password: 'hello' })
  const payload = simpleSigningPayload('registry.example.org/team/app', digest)
  const { signature, annotations } = await signer.signSimple(payload)
  const statement = signatureStatement(digest)
  const bundle = await signer.signDsse(statement, 'application/vnd.in-toto+json')
  const message = await signer.signMessage(Buffer.from('data'))

  expect(payload.toString()).toBe(
    `{"critical":{"identity":{"docker-reference":"registry.example.org/team/app"},"image":{"docker-manifest-digest":"${digest}"},"type":"cosign container image signature"},"optional":null}`,
  )
  expect(readSimpleSigningPayload(payload)).toEqual({ digest, repository: 'registry.example.org/team/app' })
  expect(annotations).toEqual({
    [simpleSigningAnnotations.signature]: Buffer.from(signature).toString('base64'),
  })
  expect(statement.toString()).toBe(
    `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${'ab'.repeat(32)}"}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`,
  )
  const { dsseEnvelope, ...rest } = JSON.parse(bundle.bytes.toString())
  expect(rest).toEqual({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: signer.keyId } },
  })
  expect(dsseEnvelope).toMatchObject({
    payload: Buffer.from(statement).toString('base64'),
    payloadType: 'application/vnd.in-toto+json',
  })
  const sig = Buffer.from(dsseEnvelope.signatures[0].sig, 'base64')
  const encoding = preAuthenticationEncoding('application/vnd.in-toto+json', statement)
  expect(verify('sha256', encoding, signer.publicKeyPem ?? '', sig)).toBe(true)
  expect(JSON.parse(message.bytes.toString()).messageSignature.messageDigest.digest).toBe(
    createHash('sha256').update('data').digest('base64'),
  )
})

test('the pre-authentication encoding counts bytes: the example of the specification', () => {
  const encode = (type: string, body: string) =>
    Buffer.from(preAuthenticationEncoding(type, Buffer.from(body))).toString()

  expect(encode('http://example.com/HelloWorld', 'hello world')).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  )
  expect(encode('t', 'ä')).toBe('DSSEv1 1 t 2 ä')
})

test('signing again gives the same bytes', async () => {
  const sign = async () => {
    const signer = await cosignSigner({ key: testdata('sigstore.key'), password: 'hello' })
    return (await signer.signDsse(signatureStatement(digest), 'application/vnd.in-toto+json')).bytes
  }

  expect(await sign()).toEqual(await sign())
})
