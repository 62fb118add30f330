import { TransientError } from '../../errors.ts'
import { copyThrough } from '../copy-through.ts'
import { checkObjectPath } from '../object-path.ts'
import type { CopyOptions, CopySource, PutBody, PutOptions, PutResult, Storage } from '../storage.ts'
import { type Capabilities, capabilitiesOf } from './capabilities.ts'
import { composeObject, copyObject, partBytesMin } from './compose.ts'
import { Connection } from './connection.ts'
import { type Lease, withLease } from './lease.ts'
import { deleteObject, listObjects } from './list-objects.ts'
import { putInParts } from './multipart.ts'
import { headersOf } from './object-headers.ts'
import { type Condition, ownVersion, putWhole } from './put-object.ts'
import { getObject, headObject } from './read-object.ts'
import type { S3Options } from './s3.ts'
import { S3Conflict } from './s3-errors.ts'

/** A part of a bucket. Objects appear whole; their versions are the ETags of the service. */
export function s3Storage(options: S3Options): Storage {
  const connection = new Connection(options)
  const knowledge = { canCopyParts: true }
  let capabilities: Promise<Capabilities> | undefined
  const known = (signal?: AbortSignal): Promise<Capabilities> => {
    // What failed once may work the next time.
    capabilities ??= capabilitiesOf(connection, signal).catch((error: unknown) => {
      capabilities = undefined
      throw error
    })
    return capabilities
  }
  const storage: Storage = {
    location: connection.location,
    url: connection.url,
    async head(path, { signal } = {}) {
      checkObjectPath(path)
      return headObject(connection, path, signal)
    },
    async get(path, context = {}) {
      checkObjectPath(path)
      return getObject(connection, path, context)
    },
    async put(path, body, context = {}) {
      checkObjectPath(path)
      return put(connection, path, body, context, known)
    },
    async compose(path, pieces, context = {}) {
      checkObjectPath(path)
      await composeObject(connection, path, pieces, context, knowledge)
    },
    async copy(from, path, context = {}) {
      checkObjectPath(path)
      return copy(storage, connection, from, path, context)
    },
    list: (prefix, { signal } = {}) => listObjects(connection, prefix, signal),
    async delete(path, { signal } = {}) {
      checkObjectPath(path)
      await deleteObject(connection, path, signal)
    },
  }
  connections.set(storage, connection)
  return storage
}

// To know another storage that is a bucket, too.
const connections = new WeakMap<Storage, Connection>()

// Above it S3 takes an object in parts only.
const wholeBytesMax = 5 * 1024 ** 3

async function put(
  connection: Connection,
  path: string,
  body: PutBody,
  options: PutOptions,
  known: (signal?: AbortSignal) => Promise<Capabilities>,
): Promise<PutResult> {
  const { condition, signal } = options
  if (condition === undefined) return putAnyway(connection, path, body, options)
  const capabilities = await known(signal)
  if (!canDecide(capabilities, condition)) return putByLease(connection, path, body, options, condition)
  const isLarge = !(body instanceof Uint8Array) && body.sizeBytes > connection.options.partSizeMiB << 20
  if (!isLarge) return putWhole(connection, path, body, options, capabilities)
  if (capabilities.conditionalComplete && 'ifAbsent' in condition) {
    return putLargeIfAbsent(connection, path, body, options)
  }
  if (body.sizeBytes <= wholeBytesMax) return putWhole(connection, path, body, options, capabilities)
  // Larger than one PUT can be, and no condition on parts: only whoever holds the lease looks and writes.
  return putByLease(connection, path, body, options, condition)
}

const canDecide = ({ ifMatch, ifNoneMatch }: Capabilities, condition: Condition): boolean =>
  'ifAbsent' in condition ? ifNoneMatch : ifMatch !== 'none'

async function putAnyway(
  connection: Connection,
  path: string,
  body: PutBody,
  { condition: _, ...options }: PutOptions,
): Promise<PutResult> {
  const isLarge = !(body instanceof Uint8Array) && body.sizeBytes > connection.options.partSizeMiB << 20
  if (!isLarge) return putWhole(connection, path, body, options, undefined)
  return { status: 'written', version: await putInParts(connection, path, body, options) }
}

async function putLargeIfAbsent(
  connection: Connection,
  path: string,
  body: Exclude<PutBody, Uint8Array>,
  options: PutOptions,
): Promise<PutResult> {
  // A look first: gigabytes need not be sent for an answer that is known.
  if ((await headObject(connection, path, options.signal)) !== undefined) return { status: 'conflict' }
  try {
    return { status: 'written', version: await putInParts(connection, path, body, options) }
  } catch (error) {
    if (!(error instanceof S3Conflict)) throw error
    const own = await ownVersion(connection, path, body, options.signal)
    return own === undefined ? { status: 'conflict' } : { status: 'written', version: own }
  }
}

async function putByLease(
  connection: Connection,
  path: string,
  body: PutBody,
  options: PutOptions,
  condition: Condition,
): Promise<PutResult> {
  const signal = options.signal ?? new AbortController().signal
  return withLease(connection, path, signal, async (lease: Lease) => {
    const found = await headObject(connection, path, signal)
    const holds = 'ifAbsent' in condition ? found === undefined : found?.version === condition.ifVersion
    if (!holds) return { status: 'conflict' }
    lease.check()
    const limit = AbortSignal.timeout(lease.writeLimitMs)
    try {
      return await putAnyway(connection, path, body, { ...options, signal: AbortSignal.any([signal, limit]) })
    } catch (error) {
      if (!limit.aborted || signal.aborted) throw error
      throw new TransientError(
        'S3_LEASE',
        `${connection.location}${path}: writing took longer than is safe.`,
        {
          hint: 'The service ignores conditions, so a write has to be quick. Run it again.',
          cause: error,
        },
      )
    }
  })
}

/** Inside the service where both are there, and small enough for one request of it; else through this machine. */
async function copy(
  self: Storage,
  connection: Connection,
  from: CopySource,
  path: string,
  options: CopyOptions,
): Promise<boolean> {
  const source = connections.get(from.storage ?? self)
  if (source === undefined || source.place !== connection.place) return copyThrough(from, path, self, options)
  const found = await headObject(source, from.path, options.signal)
  if (found === undefined) return false
  if (found.sizeBytes < wholeBytesMax) {
    return copyObject(connection, source, from.path, path, options, headersOf(connection, options))
  }
  if (source.bucket !== connection.bucket || source.prefix !== connection.prefix) {
    return copyThrough(from, path, self, options)
  }
  const pieces = [{ from: from.path, start: 0, end: found.sizeBytes }]
  await composeObject(connection, path, pieces, options, { canCopyParts: found.sizeBytes >= partBytesMin })
  return true
}
