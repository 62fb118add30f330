import { constants, createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { UserError } from '../errors.ts'
import { canonicalJson, type JsonObject } from '../lib/json.ts'
import {
  type Access,
  type ComponentDescriptor,
  type ComponentReference,
  type ComponentResource,
  type ComponentSignature,
  type ComponentSource,
  type DigestSpecification,
  isLocalBlob,
  type Label,
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
 * What of a component is signed (OCM, "jsonNormalisation/v3"): everything but where it is stored, and of the labels
 * those that say so. RFC 8785 JSON.
 */
export function normalisedDescriptor({ component }: ComponentDescriptor): string {
  const { repositoryContexts: _contexts, provider, labels, ...rest } = component
  const from = providerObject(provider)
  return canonicalJson({
    component: {
      ...rest,
      ...signedLabels(labels),
      provider: { name: from.name, ...signedLabels(from.labels) },
      componentReferences: component.componentReferences.map(normalisedElement),
      resources: component.resources.map(normalisedElement),
      sources: component.sources.map(normalisedElement),
    },
  })
}

type Element = ComponentResource | ComponentSource | ComponentReference

function normalisedElement(written: Element): JsonObject {
  const element: { [member: string]: unknown } = { ...written }
  // A resource without content has nothing to hash.
  const isEmpty = 'access' in written && isNone(written.access)
  const left = isEmpty ? ['access', 'srcRefs', 'labels', 'digest'] : ['access', 'srcRefs', 'labels']
  for (const member of left) delete element[member]
  const { extraIdentity } = written
  if (extraIdentity !== undefined && Object.keys(extraIdentity).length === 0) delete element['extraIdentity']
  return { ...element, ...signedLabels(written.labels) } as JsonObject
}

const isNone = ({ type }: Access): boolean => /^none$/i.test(type)

function signedLabels(labels: readonly Label[] | undefined): JsonObject {
  const signed = (labels ?? []).filter(({ signing }) => signing === true)
  if (signed.length === 0) return {}
  return {
    labels: signed.map(({ name, value, version }) => ({
      name,
      value,
      signing: true,
      ...(version !== undefined && { version }),
    })),
  }
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
  if (!isLocalBlob({ type }) || typeof localReference !== 'string') return undefined
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
  if (found === undefined) throw signatureError(descriptor, name, 'is not there')
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

const signatureError = ({ component }: ComponentDescriptor, name: string, problem: string): UserError =>
  new UserError('OCM_SIGNATURE', `The signature "${name}" of ${component.name} ${problem}.`, {
    hint: 'Do not use the component before you know why.',
  })

function requireDigests({ component }: ComponentDescriptor): void {
  const missing = [...component.resources, ...component.componentReferences]
    .filter((one) => one.digest === undefined && !('access' in one && isNone(one.access)))
    .map(({ name }) => name)
  if (missing.length === 0) return
  throw new UserError(
    'OCM_SIGNATURE',
    `${component.name} ${component.version} cannot be signed: ${missing.join(', ')} ${missing.length === 1 ? 'has' : 'have'} no digest.`,
    { hint: 'Name the images by digest, or resolve their digests before signing.' },
  )
}
