import { TransientError, UserError } from '../../errors.ts'
import { type Digest, digestOf, isDigest } from '../../lib/digest.ts'
import type { Descriptor, Index, RawManifest } from '../descriptor.ts'
import { acceptedManifestTypes, isIndexType } from '../media-types.ts'
import { manifestBytesMax, rawManifest, readManifest } from '../read-manifest.ts'
import { ofType, referrerDescriptor, referrersTag, withReferrer } from '../referrers.ts'
import { scopeOf } from './authorization.ts'
import type { HttpAnswer } from './http.ts'
import { Pages } from './pages.ts'
import type { UploadTarget } from './upload-target.ts'

const accept = { accept: acceptedManifestTypes.join(', ') }

const place = ({ connection, repository }: UploadTarget, reference: string): string =>
  `${connection.host}/${repository}${isDigest(reference) ? '@' : ':'}${reference}`

const typeOf = ({ headers }: HttpAnswer): string | undefined => headers['content-type']?.split(';')[0]?.trim()

interface ReadManifest {
  readonly manifest: RawManifest
  readonly etag: string | undefined
}

/** GET with the bytes as the registry has them. Undefined: absent. */
export async function getManifest(
  target: UploadTarget,
  reference: string,
): Promise<ReadManifest | undefined> {
  const { connection, repository, signal } = target
  const where = place(target, reference)
  return connection.retrying(async () => {
    const answer = await connection.once({
      method: 'GET',
      at: `${repository}/manifests/${reference}`,
      scopes: [scopeOf(repository, false)],
      headers: accept,
      answers: [200, 404],
      what: `reading the manifest of ${where}`,
      signal,
    })
    if (answer.status === 404) {
      answer.discard()
      return undefined
    }
    const bytes = await wholeBody(answer, where)
    const manifest = rawManifest(bytes, typeOf(answer), where)
    const stated = answer.headers['docker-content-digest']
    if (isDigest(reference) && manifest.digest !== reference) throw wrongDigest(where, manifest.digest)
    if (typeof stated === 'string' && isDigest(stated) && stated !== manifest.digest)
      throw wrongDigest(`${where}, called ${stated}`, manifest.digest)
    return { manifest, etag: answer.headers.etag }
  }, signal)
}

async function wholeBody(answer: HttpAnswer, where: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of answer.body) {
    chunks.push(chunk)
    length += chunk.length
    // Told by rawManifest, with its limit.
    if (length > manifestBytesMax) break
  }
  const wanted = answer.headers['content-length']
  if (wanted !== undefined && length <= manifestBytesMax && length < Number(wanted))
    throw new TransientError(
      'OCI_NETWORK',
      `The manifest of ${where} ended after ${length} of ${wanted} bytes.`,
    )
  return Buffer.concat(chunks)
}

/** HEAD; some registries do not know it, or leave out what it is for, and are asked with GET. */
export async function resolveManifest(
  target: UploadTarget,
  reference: string,
): Promise<Descriptor | undefined> {
  const { connection, repository, signal } = target
  const answer = await connection.call({
    method: 'HEAD',
    at: `${repository}/manifests/${reference}`,
    scopes: [scopeOf(repository, false)],
    headers: accept,
    answers: [200, 404, 405],
    what: `asking for ${place(target, reference)}`,
    signal,
  })
  answer.discard()
  if (answer.status === 404) return undefined
  const digest = answer.headers['docker-content-digest']
  const size = Number(answer.headers['content-length'])
  const mediaType = typeOf(answer)
  if (
    answer.status === 200 &&
    typeof digest === 'string' &&
    isDigest(digest) &&
    size > 0 &&
    mediaType !== undefined
  )
    return { mediaType, digest, size }
  const found = await getManifest(target, reference)
  if (found === undefined) return undefined
  const { manifest } = found
  return { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.length }
}

/** PUT by tag or digest; a repeated PUT of the same bytes changes nothing. */
export async function putManifest(
  target: UploadTarget,
  manifest: RawManifest,
  tag: string | undefined,
): Promise<void> {
  const { subject } = await sendManifest(target, manifest, tag ?? manifest.digest)
  const parsed = readManifest(manifest, place(target, manifest.digest))
  const wanted = parsed.kind === 'index' ? parsed.index.subject : parsed.manifest.subject
  // The header is how a registry says that it keeps the list itself.
  if (wanted !== undefined && subject === undefined) await listReferrer(target, wanted.digest, manifest)
}

async function sendManifest(
  target: UploadTarget,
  { bytes, mediaType, digest }: RawManifest,
  reference: string,
  condition: { readonly [name: string]: string } = {},
): Promise<{ readonly subject: string | undefined }> {
  const { connection, repository, signal } = target
  const where = place(target, reference)
  const answer = await connection.call({
    method: 'PUT',
    at: `${repository}/manifests/${reference}`,
    scopes: [scopeOf(repository, true)],
    headers: { 'content-type': mediaType, 'content-length': String(bytes.length), ...condition },
    body: bytes,
    answers: [201, 200, 202, ...(Object.keys(condition).length > 0 ? [412] : [])],
    what: `writing the manifest of ${where}`,
    signal,
  })
  answer.discard()
  const stored = answer.headers['docker-content-digest']
  if (typeof stored === 'string' && stored !== digest) {
    throw new UserError(
      'OCI_DIGEST',
      `The registry stored the manifest of ${where} as ${stored}; it is ${digest}.`,
      {
        hint: 'The registry, or something on the way, changes manifests. Their signatures would be worth nothing.',
      },
    )
  }
  const subject = answer.headers['oci-subject']
  return { subject: typeof subject === 'string' ? subject : undefined }
}

/** One writer for each list in this process; others are found out by reading again. */
const listing = new Map<string, Promise<void>>()

async function listReferrer(target: UploadTarget, subject: Digest, manifest: RawManifest): Promise<void> {
  const key = place(target, subject)
  const before = listing.get(key) ?? Promise.resolve()
  const mine = before.then(() => addToList(target, subject, manifest))
  const settled = mine.catch(() => undefined)
  listing.set(key, settled)
  try {
    await mine
  } finally {
    if (listing.get(key) === settled) listing.delete(key)
  }
}

const roundsMax = 10

/**
 * Distribution specification, "Referrers tag schema". Registries without the API rarely know conditions either, so the
 * list is read again after it was written: whoever wrote at the same time may have written over it.
 */
async function addToList(target: UploadTarget, subject: Digest, manifest: RawManifest): Promise<void> {
  const tag = referrersTag(subject)
  const referrer = referrerDescriptor(manifest)
  for (let round = 0; round < roundsMax; round++) {
    const found = await getManifest(target, tag)
    const next = withReferrer(found && indexIn(found.manifest, target, tag), referrer)
    if (next === undefined) return
    const condition = conditionFor(found)
    // Refused (412) when another writer was first; read again in any case.
    await sendManifest(target, next, tag, condition)
  }
  throw new TransientError('OCI_REFERRERS', `${place(target, tag)} is written by too many others at once.`, {
    hint: 'Run it again when they are done.',
  })
}

/** Absent: only whoever makes it first does. Without an ETag there is nothing to compare with. */
function conditionFor(found: ReadManifest | undefined): { readonly [name: string]: string } {
  if (found === undefined) return { 'if-none-match': '*' }
  return found.etag === undefined ? {} : { 'if-match': found.etag }
}

function indexIn(manifest: RawManifest, target: UploadTarget, tag: string): Index {
  const parsed = readManifest(manifest, place(target, tag))
  if (parsed.kind === 'index') return parsed.index
  throw new UserError(
    'OCI_REFERRERS',
    `${place(target, tag)} is an image, where the list of referrers belongs.`,
    {
      hint: 'Delete that tag: its name is reserved by the distribution specification.',
    },
  )
}

/** The API, else the tag. Registries answer 404 for the API they do not have, and an empty index for no referrers. */
export async function listReferrers(
  target: UploadTarget,
  subject: Digest,
  artifactType: string | undefined,
): Promise<readonly Descriptor[]> {
  const { connection, repository, signal } = target
  const found: Descriptor[] = []
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`
  let at: string | URL | undefined = `${repository}/referrers/${subject}${query}`
  const pages = new Pages(target)
  while (at !== undefined) {
    const answer: HttpAnswer = await connection.call({
      method: 'GET',
      at,
      scopes: [scopeOf(repository, false)],
      headers: accept,
      answers: [200, 404, 405],
      what: `asking ${connection.host}/${repository} what refers to ${subject}`,
      signal,
    })
    if (answer.status !== 200 || !isIndexType(typeOf(answer) ?? '')) {
      answer.discard()
      return ofType(await referrersByTag(target, subject), artifactType)
    }
    const where = `${connection.host}/${repository}, referrers of ${subject}`
    const bytes = await wholeBody(answer, where)
    const parsed = readManifest({ bytes, digest: digestOf(bytes), mediaType: typeOf(answer) ?? '' }, where)
    if (parsed.kind === 'index') found.push(...parsed.index.manifests)
    at = pages.next(answer)
  }
  return ofType(found, artifactType)
}

async function referrersByTag(target: UploadTarget, subject: Digest): Promise<readonly Descriptor[]> {
  const tag = referrersTag(subject)
  const found = await getManifest(target, tag)
  return found === undefined ? [] : indexIn(found.manifest, target, tag).manifests
}

const wrongDigest = (where: string, found: Digest): UserError =>
  new UserError('OCI_DIGEST', `The manifest of ${where} has the digest ${found}.`, {
    hint: 'The registry is broken, or something on the way changed the bytes. Do not use the image.',
  })
