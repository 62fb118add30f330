import { constants, createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { UserError } from '../errors.ts'
import { canonicalJson, type Json, type JsonObject } from '../lib/json.ts'
import type {
  Access,
  ComponentDescriptor,
  ComponentResource,
  ComponentSignature,
  DigestSpecification,
  Label,
} from './component-descriptor.ts'
import { providerObject } from './component-descriptor-v3.ts'

export const normalisationAlgorithm = 'jsonNormalisation/v3'
const signatureAlgorithm = 'RSASSA-PKCS1-V1_5'
const signatureMediaType = 'application/vnd.ocm.signature.rsa'

/** node:crypto's names of what OCM calls SHA-256 and SHA-512. */
const hashes: { readonly [algorithm: string]: 'sha256' | 'sha512' | undefined } = {
  'SHA-256': 'sha256',
  'SHA-512': 'sha512',
}

/**
 * What of a component is signed (OCM, "jsonNormalisation/v3"): names, versions, labels that say so, and digests; not
 * where anything is stored. RFC 8785 JSON.
 */
export function normalisedDescriptor({ component }: ComponentDescriptor): string {
  const { name, version, provider, labels, resources, sources, componentReferences } = component
  const from = providerObject(provider)
  return canonicalJson({
    component: {
      name,
      version,
      provider: withLabels({ name: from.name }, from.labels),
      ...signedLabels(labels),
      componentReferences: componentReferences.map(({ name: own, version: at, ...rest }) =>
        element(
          {
            name: own,
            version: at,
            componentName: rest.componentName,
            digest: rest.digest as unknown as Json,
          },
          rest,
        ),
      ),
      resources: resources.map(normalisedResource),
      sources: sources.map(({ name: own, version: at, type, ...rest }) =>
        element({ name: own, version: at, type }, rest),
      ),
    },
  })
}

function normalisedResource(resource: ComponentResource): JsonObject {
  const { name, version, type, relation, digest } = resource
  // A resource without content has nothing to hash.
  const isNone = resource.access.type === 'none' || resource.access.type === 'None'
  const own = isNone ? undefined : (digest as unknown as Json)
  return element({ name, version, type, relation, ...(own !== undefined && { digest: own }) }, resource)
}

interface Extras {
  readonly extraIdentity?: { readonly [attribute: string]: string }
  readonly labels?: readonly Label[]
}

function element(members: { readonly [name: string]: Json | undefined }, extras: Extras): JsonObject {
  const defined = Object.entries(members).filter((pair): pair is [string, Json] => pair[1] !== undefined)
  const identity = extras.extraIdentity
  return {
    ...Object.fromEntries(defined),
    ...(identity !== undefined && Object.keys(identity).length > 0 && { extraIdentity: identity }),
    ...signedLabels(extras.labels),
  }
}

const withLabels = (object: JsonObject, labels: readonly Label[] | undefined): JsonObject => ({
  ...object,
  ...signedLabels(labels),
})

function signedLabels(labels: readonly Label[] | undefined): JsonObject {
  const signed = (labels ?? []).filter(({ signing }) => signing === true)
  return signed.length === 0 ? {} : { labels: signed.map((label) => ({ ...label }) as unknown as JsonObject) }
}

/**
 * The descriptor with a digest for every local blob, which a signature needs. Digests of external resources have to be
 * there: only who fetched them knows.
 */
export function withBlobDigests(descriptor: ComponentDescriptor): ComponentDescriptor {
  const resources = descriptor.component.resources.map((resource) => {
    const value = localHex(resource.access)
    if (resource.digest !== undefined || value === undefined) return resource
    const digest = {
      hashAlgorithm: 'SHA-256',
      normalisationAlgorithm: 'genericBlobDigest/v1',
      value,
    } satisfies DigestSpecification
    return { ...resource, digest }
  })
  return { ...descriptor, component: { ...descriptor.component, resources } }
}

function localHex({ type, localReference }: Access): string | undefined {
  if (type !== 'localBlob' || typeof localReference !== 'string') return undefined
  return /^sha256:[0-9a-f]{64}$/.test(localReference) ? localReference.slice('sha256:'.length) : undefined
}

export interface ComponentSigner {
  readonly name: string
  readonly privateKey: KeyObject
  readonly issuer?: string | undefined
  readonly hashAlgorithm?: 'SHA-256' | 'SHA-512'
}

/** Deterministic: PKCS #1 v1.5 has no random part. A signature of the same name is replaced. */
export function signComponent(unsigned: ComponentDescriptor, signer: ComponentSigner): ComponentDescriptor {
  const { name, privateKey, issuer, hashAlgorithm = 'SHA-256' } = signer
  if (privateKey.asymmetricKeyType !== 'rsa') {
    throw new UserError('OCM_SIGNATURE', `The key for the signature "${name}" is no RSA key.`, {
      hint: 'OCM signatures are made with RSA. Create a key of 3072 bits or more.',
    })
  }
  const descriptor = withBlobDigests(unsigned)
  requireDigests(descriptor)
  const data = Buffer.from(normalisedDescriptor(descriptor))
  const hash = hashes[hashAlgorithm] ?? 'sha256'
  const value = sign(hash, data, { key: privateKey, padding: constants.RSA_PKCS1_PADDING }).toString('hex')
  const signature: ComponentSignature = {
    name,
    digest: {
      hashAlgorithm,
      normalisationAlgorithm,
      value: createHash(hash).update(data).digest('hex'),
    },
    signature: {
      algorithm: signatureAlgorithm,
      value,
      mediaType: signatureMediaType,
      ...(issuer !== undefined && { issuer }),
    },
  }
  const others = (descriptor.signatures ?? []).filter((one) => one.name !== name)
  return { ...descriptor, signatures: [...others, signature] }
}

/** Throws a UserError that says why the signature does not hold. */
export function verifyComponent(descriptor: ComponentDescriptor, name: string, publicKeyPem: string): void {
  const fail = (problem: string): never => {
    throw new UserError(
      'OCM_SIGNATURE',
      `The signature "${name}" of ${descriptor.component.name} ${problem}.`,
      {
        hint: 'Do not use the component before you know why.',
      },
    )
  }
  const found = descriptor.signatures?.find((one) => one.name === name)
  if (found === undefined) return fail('is not there')
  const hash = hashes[found.digest.hashAlgorithm] ?? fail(`uses the hash "${found.digest.hashAlgorithm}"`)
  if (found.digest.normalisationAlgorithm !== normalisationAlgorithm) {
    fail(`is over "${found.digest.normalisationAlgorithm}", which is not read here`)
  }
  if (found.signature.algorithm !== signatureAlgorithm || !/^(?:[0-9a-f]{2})+$/.test(found.signature.value)) {
    fail(`is no ${signatureAlgorithm} signature in hex`)
  }
  requireDigests(descriptor)
  checkBlobDigests(descriptor, fail)
  const data = Buffer.from(normalisedDescriptor(descriptor))
  if (createHash(hash).update(data).digest('hex') !== found.digest.value) fail('is over other content')
  const key = { key: createPublicKey(publicKeyPem), padding: constants.RSA_PKCS1_PADDING }
  if (!verify(hash, data, key, Buffer.from(found.signature.value, 'hex'))) fail('was made with another key')
}

/** The signed digest of a local blob and the reference that is not signed have to be one. */
function checkBlobDigests(descriptor: ComponentDescriptor, fail: (problem: string) => never): void {
  for (const { name, access, digest } of descriptor.component.resources) {
    const hex = localHex(access)
    const isPlain =
      digest?.normalisationAlgorithm === 'genericBlobDigest/v1' && digest.hashAlgorithm === 'SHA-256'
    if (isPlain && hex !== undefined && digest.value !== hex)
      fail(`is over another "${name}" than the one it names`)
  }
}

function requireDigests({ component }: ComponentDescriptor): void {
  const missing = [...component.resources, ...component.componentReferences]
    .filter((one) => one.digest === undefined && !('access' in one && /^none$/i.test(one.access.type)))
    .map(({ name }) => name)
  if (missing.length === 0) return
  throw new UserError(
    'OCM_SIGNATURE',
    `${component.name} ${component.version} cannot be signed: ${missing.join(', ')} ${missing.length === 1 ? 'has' : 'have'} no digest.`,
    { hint: 'Name the images by digest, or resolve their digests before signing.' },
  )
}
