import { generateKeyPairSync } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import type { ArtifactSigner } from '../artifact-signer.ts'
import { generateCosignKey } from '../cosign/generate-key.ts'
import { cosignSigner } from '../cosign/signer.ts'
import { simpleSigningAnnotations, simpleSigningPayload } from '../simple-signing.ts'
import { predicateTypes, signatureStatement, statementBytes } from '../statement.ts'
import { artifactVerifier } from './open-verifier.ts'

const digest = `sha256:${'ab'.repeat(32)}` as const
const otherDigest = `sha256:${'cd'.repeat(32)}` as const
const statement = signatureStatement(digest)
const payloadType = 'application/vnd.in-toto+json'
const repository = 'registry.example.org/team/app'

let signer: ArtifactSigner
let stranger: ArtifactSigner
beforeAll(async () => {
  signer = await newSigner()
  stranger = await newSigner()
})

async function newSigner(): Promise<ArtifactSigner> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return cosignSigner({ key: privateKey.export({ format: 'pem', type: 'pkcs8' }) })
}

const verifierOf = (...signers: readonly ArtifactSigner[]) =>
  artifactVerifier({ publicKeysPem: signers.map(({ publicKeyPem }) => publicKeyPem ?? '') })

describe('what was signed with a key is accepted without network', () => {
  test('a bundle around a statement, which tells its predicate and who signed', async () => {
    const predicate = { buildDefinition: {} }
    const subjects = [{ name: 'other', digest: otherDigest }, { digest }]
    const bytes = statementBytes({ subjects, predicateType: predicateTypes.slsaProvenance, predicate })
    const bundle = await signer.signDsse(bytes, payloadType)

    expect(await (await verifierOf(stranger, signer)).verifyBundle(bundle.bytes, digest)).toEqual({
      by: { kind: 'key', keyId: signer.keyId },
      statement: { subjects, predicateType: predicateTypes.slsaProvenance, predicate },
    })
  })

  test('a layer of a .sig manifest', async () => {
    const payload = simpleSigningPayload(repository, digest)
    const { annotations } = await signer.signSimple(payload)

    expect(await (await verifierOf(signer)).verifySimple(payload, annotations, digest)).toEqual({
      by: { kind: 'key', keyId: signer.keyId },
      repository,
    })
  })

  test('a bare envelope of an .att manifest', async () => {
    const bundle = await signer.signDsse(statement, payloadType)
    const envelope = Buffer.from(JSON.stringify(JSON.parse(bundle.bytes.toString()).dsseEnvelope))

    const { by } = await (await verifierOf(signer)).verifyEnvelope(envelope, {}, digest)
    expect(by).toEqual({ kind: 'key', keyId: signer.keyId })
  })

  test('data of any length', async () => {
    const data = Buffer.alloc(100_000, 7)
    const bundle = await signer.signMessage(data)

    const { by } = await (await verifierOf(signer)).verifyMessage(bundle.bytes, data)
    expect(by).toEqual({ kind: 'key', keyId: signer.keyId })
  })

  test('two keys of one file, as after a change of keys', async () => {
    const verifier = await artifactVerifier({
      publicKeysPem: [`${stranger.publicKeyPem}\n# the new one\n${signer.publicKeyPem}`],
    })

    for (const each of [signer, stranger]) {
      const { bytes } = await each.signDsse(statement, payloadType)
      expect((await verifier.verifyBundle(bytes, digest)).by).toEqual({ kind: 'key', keyId: each.keyId })
    }
  })

  test('a key that was generated', async () => {
    const { privateKeyPem } = await generateCosignKey('hello')
    const generated = await cosignSigner({ key: privateKeyPem, password: 'hello' })
    const { bytes } = await generated.signDsse(statement, payloadType)

    expect((await (await verifierOf(generated)).verifyBundle(bytes, digest)).by.kind).toBe('key')
  })
})

/** A bundle in JSON, loose enough to break. */
interface Loose {
  mediaType?: string
  verificationMaterial: Record<string, unknown>
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] }
}

const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64')

const mutations: Record<string, (bundle: Loose) => unknown> = {
  'bundle-payload-changed': ({ dsseEnvelope }) => {
    dsseEnvelope.payload = base64(Buffer.from(statement).toString().replace('{}', '{ }'))
  },
  'bundle-type-changed': ({ dsseEnvelope }) => {
    dsseEnvelope.payloadType = 'application/json'
  },
  'bundle-signature-changed': ({ dsseEnvelope }) => {
    const sig = Buffer.from(dsseEnvelope.signatures[0]?.sig ?? '', 'base64')
    sig.writeUInt8((sig.at(-1) ?? 0) ^ 1, sig.length - 1)
    dsseEnvelope.signatures = [{ sig: base64(sig) }]
  },
  'bundle-signature-cut': ({ dsseEnvelope }) => {
    const sig = dsseEnvelope.signatures[0]?.sig ?? ''
    dsseEnvelope.signatures = [{ sig: sig.slice(0, 40) }]
  },
  'bundle-signature-empty': ({ dsseEnvelope }) => {
    dsseEnvelope.signatures = [{ sig: '' }]
  },
  'bundle-signature-zero': ({ dsseEnvelope }) => {
    dsseEnvelope.signatures = [{ sig: base64(Buffer.from('3006020100020100', 'hex')) }]
  },
  'bundle-signatures-none': ({ dsseEnvelope }) => {
    dsseEnvelope.signatures = []
  },
  'bundle-signatures-two': ({ dsseEnvelope }) => {
    dsseEnvelope.signatures = [...dsseEnvelope.signatures, ...dsseEnvelope.signatures]
  },
  'bundle-media-type-other': (bundle) => {
    bundle.mediaType = 'application/json'
  },
  'bundle-material-missing': (bundle) => {
    bundle.verificationMaterial = {}
  },
  'bundle-material-certificate': (bundle) => {
    bundle.verificationMaterial = { certificate: { rawBytes: base64('no certificate') } }
  },
  'bundle-content-missing': (bundle) => Reflect.deleteProperty(bundle, 'dsseEnvelope'),
  'bundle-payload-number': (bundle) => Object.assign(bundle.dsseEnvelope, { payload: 5 }),
}

describe('a bundle that was changed is refused', () => {
  test.each(Object.entries(mutations))('%s', async (name, mutate) => {
    const { bytes } = await signer.signDsse(statement, payloadType)
    const bundle: Loose = JSON.parse(Buffer.from(bytes).toString())
    mutate(bundle)

    await expectFailure(name, (await verifierOf(signer)).verifyBundle(asBytes(bundle), digest))
  })

  test('the hint proves nothing: whoever names my key without having it is refused', async () => {
    const { bytes } = await stranger.signDsse(statement, payloadType)
    const bundle: Loose = JSON.parse(Buffer.from(bytes).toString())
    bundle.verificationMaterial = { publicKey: { hint: signer.keyId } }

    await expectFailure(
      'bundle-hint-stolen',
      (await verifierOf(signer)).verifyBundle(asBytes(bundle), digest),
    )
  })

  test('of another key, of another digest, of no statement, of no JSON', async () => {
    const verifier = await verifierOf(signer)
    const strange = await stranger.signDsse(statement, payloadType)
    const good = await signer.signDsse(statement, payloadType)
    const message = await signer.signMessage(Buffer.from('data'))

    await expectFailure('bundle-of-stranger', verifier.verifyBundle(strange.bytes, digest))
    await expectFailure('bundle-other-digest', verifier.verifyBundle(good.bytes, otherDigest))
    await expectFailure('bundle-of-message', verifier.verifyBundle(message.bytes, digest))
    await expectFailure('bundle-not-message', verifier.verifyMessage(good.bytes, statement))
    await expectFailure('bundle-message-changed', verifier.verifyMessage(message.bytes, Buffer.from('datA')))
    await expectFailure('bundle-not-json', verifier.verifyBundle(Buffer.from('<html>'), digest))
    await expectFailure('bundle-json-null', verifier.verifyBundle(Buffer.from('null'), digest))
  })
})

const statements: Record<string, string> = {
  'statement-not-json': '<html>',
  'statement-list': '[]',
  'statement-other-type': '{"_type":"x"}',
  'statement-no-subject': '{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"x"}',
  'statement-no-predicate-type':
    '{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"00"}}]}',
  'statement-short-digest':
    '{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"00"}}],"predicateType":"x"}',
  'statement-no-digest':
    '{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a"}],"predicateType":"x"}',
  'statement-other-hash':
    '{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha512":"00"}}],"predicateType":"x"}',
}

describe('a statement that was signed and makes no sense is refused', () => {
  test.each(Object.entries(statements))('%s', async (name, text) => {
    const { bytes } = await signer.signDsse(Buffer.from(text), payloadType)

    await expectFailure(name, (await verifierOf(signer)).verifyBundle(bytes, digest))
  })

  test('another type of payload', async () => {
    const { bytes } = await signer.signDsse(statement, 'application/json')

    await expectFailure(
      'statement-other-payload-type',
      (await verifierOf(signer)).verifyBundle(bytes, digest),
    )
  })
})

describe('a layer of a .sig manifest that does not fit is refused', () => {
  const payload = simpleSigningPayload(repository, digest)
  const attempt = async (change: { payload?: Uint8Array; annotations?: Record<string, string> }) => {
    const { annotations } = await signer.signSimple(payload)
    const verifier = await verifierOf(signer)
    return verifier.verifySimple(change.payload ?? payload, { ...annotations, ...change.annotations }, digest)
  }
  const { signature, certificate, bundle, timestamp } = simpleSigningAnnotations

  test('changed, of a stranger, of another digest, of another type', async () => {
    const other = simpleSigningPayload('elsewhere.example.org/app', digest)
    await expectFailure('simple-payload-changed', attempt({ payload: other }))
    await expectFailure('simple-of-stranger', attempt(await stranger.signSimple(payload)))
    const moved = simpleSigningPayload(repository, otherDigest)
    await expectFailure(
      'simple-other-digest',
      attempt({ payload: moved, ...(await signer.signSimple(moved)) }),
    )
    for (const [name, text] of [
      ['simple-other-type', '{"critical":{"type":"other"}}'],
      ['simple-not-json', 'critical'],
      ['simple-no-digest', '{"critical":{"type":"cosign container image signature","image":{}}}'],
    ] as const) {
      const signed = { payload: Buffer.from(text), ...(await signer.signSimple(Buffer.from(text))) }
      await expectFailure(name, attempt(signed))
    }
  })

  test('without signature, with annotations that are broken', async () => {
    const verifier = await verifierOf(signer)
    await expectFailure('simple-no-signature', verifier.verifySimple(payload, {}, digest))
    await expectFailure('simple-signature-no-base64', attempt({ annotations: { [signature]: '%%%' } }))
    await expectFailure('simple-certificate-broken', attempt({ annotations: { [certificate]: 'PEM' } }))
    await expectFailure('simple-log-broken', attempt({ annotations: { [bundle]: '{"Payload":5}' } }))
    await expectFailure('simple-log-no-json', attempt({ annotations: { [bundle]: 'x' } }))
    await expectFailure('simple-timestamp-broken', attempt({ annotations: { [timestamp]: '[' } }))
  })
})

describe('a public key that cannot be trusted is refused before any signature is looked at', () => {
  test.each([
    ['public-key-none', []],
    ['public-key-empty', ['']],
    ['public-key-damaged', ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----']],
    ['public-key-is-private', ['-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----']],
    ['public-key-p521', [pemOf(generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey)]],
    ['public-key-rsa-short', [pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)]],
  ])('%s', async (name, publicKeysPem) => {
    await expectFailure(name, artifactVerifier({ publicKeysPem }))
  })
})

function pemOf(key: ReturnType<typeof generateKeyPairSync>['publicKey']): string {
  return key.export({ format: 'pem', type: 'spki' }).toString()
}

const asBytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

async function expectFailure(name: string, attempt: Promise<unknown>): Promise<void> {
  const error: unknown = await attempt.then(
    () => new Error('no failure'),
    (thrown: unknown) => thrown,
  )
  const text = failureText(error).replaceAll(/[A-Za-z0-9+/]{43}=/g, '<key>')
  await expect(`${text}\n`).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
}
