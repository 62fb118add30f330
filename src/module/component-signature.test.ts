import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { digestOf } from '../lib/digest.ts'
import type { ComponentDescriptor, ComponentResource } from './component-descriptor.ts'
import { normalisedDescriptor, signComponent, verifyComponent } from './component-signature.ts'

const digest = (value: string) => ({
  hashAlgorithm: 'SHA-256',
  normalisationAlgorithm: 'ociArtifactDigest/v1',
  value,
})
const image = (name: string, type: string, hex: string): ComponentResource => ({
  name,
  type,
  version: '6.8.0',
  relation: 'external',
  digest: digest(hex),
  access: { type: 'OCIImage/v1', imageReference: `ghcr.io/stefanprodan/${name}:6.8.0` },
})

/** A public component that the OCM command line signed; the digest stands in its signature. */
const podinfo: ComponentDescriptor = {
  meta: { schemaVersion: 'v2' },
  component: {
    name: 'ocm.software/demos/podinfo',
    version: '6.8.0',
    creationTime: '2025-03-18T11:23:20Z',
    provider: 'ocm.software',
    repositoryContexts: [{ type: 'OCIRegistry', baseUrl: 'ghcr.io' }],
    sources: [],
    componentReferences: [],
    resources: [
      image('image', 'ociImage', '6c1975b871efb327528c84d46d38e6dd7906eecee6402bc270eeb7f1b1a506df'),
      image('chart', 'helmChart', '2360bdf32ddc50c05f8e128118173343b0a012a338daf145b16e0da9c80081a4'),
    ],
  },
}

test("the digest of a component is the one that OCM's own tool signed", () => {
  expect(digestOf(normalisedDescriptor(podinfo))).toBe(
    'sha256:76082d5a6398c7f0d62bc614ec7857dc0ceb93e8cf0a36cbdeb963eddad0707f',
  )
})

test('labels are signed when they say so, and places of storage never', () => {
  const change = (descriptor: ComponentDescriptor): ComponentDescriptor => ({
    ...descriptor,
    component: {
      ...descriptor.component,
      repositoryContexts: [],
      labels: [{ name: 'note', value: 'x' }],
      resources: descriptor.component.resources.map((resource) => ({
        ...resource,
        access: { type: 'ociArtifact', imageReference: 'mirror.example.org/x:1' },
      })),
    },
  })

  expect(normalisedDescriptor(change(podinfo))).toBe(normalisedDescriptor(podinfo))
  const labelled = { ...podinfo.component, labels: [{ name: 'note', value: 'x', signing: true }] }
  expect(normalisedDescriptor({ ...podinfo, component: labelled })).toContain(
    '"labels":[{"name":"note","signing":true,"value":"x"}]',
  )
})

describe('a signature', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()
  const signer = { name: 'release', privateKey, issuer: 'hawser', hashAlgorithm: 'SHA-512' } as const

  test('holds, and is the same each time', () => {
    const signed = signComponent(podinfo, signer)

    verifyComponent(signed, 'release', publicPem)
    expect(signComponent(signed, signer)).toEqual(signed)
  })

  const changed = (change: Partial<ComponentDescriptor['component']>): ComponentDescriptor => {
    const signed = signComponent(podinfo, signer)
    return { ...signed, component: { ...signed.component, ...change } }
  }
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
  const bad: { readonly [name: string]: () => void } = {
    'signature-other-version': () => verifyComponent(changed({ version: '6.8.1' }), 'release', publicPem),
    'signature-other-digest': () =>
      verifyComponent(
        changed({ resources: [image('image', 'ociImage', '00'.repeat(32))] }),
        'release',
        publicPem,
      ),
    'signature-absent': () => verifyComponent(podinfo, 'release', publicPem),
    'signature-other-key': () =>
      verifyComponent(
        signComponent(podinfo, signer),
        'release',
        other.export({ type: 'spki', format: 'pem' }).toString(),
      ),
    'signature-no-digest': () => {
      const [first] = podinfo.component.resources
      if (first === undefined) throw new Error('The sample has resources')
      const { digest: _digest, ...resource } = first
      signComponent({ ...podinfo, component: { ...podinfo.component, resources: [resource] } }, signer)
    },
    'signature-no-rsa': () => {
      const { privateKey: elliptic } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      signComponent(podinfo, { name: 'release', privateKey: elliptic })
    },
  }

  test.each(Object.entries(bad))('is refused: %s', async (name, act) => {
    let error: unknown
    try {
      act()
    } catch (caught) {
      error = caught
    }

    await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
  })
})
