import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { UserError } from '../../errors.ts'
import type { ObjectVersion, PutBody, PutOptions, PutResult } from '../storage.ts'
import type { Capabilities } from './capabilities.ts'
import type { Connection } from './connection.ts'
import { headersOf } from './object-headers.ts'
import { headObject, unlessAbsent } from './read-object.ts'
import { S3Conflict } from './s3-errors.ts'

export type Condition = NonNullable<PutOptions['condition']>

/** One PUT, whole; the service takes up to 5 GB so. */
export async function putWhole(
  connection: Connection,
  path: string,
  body: PutBody,
  options: PutOptions,
  capabilities: Capabilities | undefined,
): Promise<PutResult> {
  const { condition, signal } = options
  if (!(body instanceof Uint8Array)) await checkSource(body)
  let attempts = 0
  const mark = randomUUID()
  try {
    const version = await connection.call(
      { action: 's3:PutObject', path, signal },
      async ({ sdk, client, attempt, abortSignal }) => {
        attempts = attempt
        const command = new sdk.PutObjectCommand({
          Bucket: connection.bucket,
          Key: connection.key(path),
          Body: body instanceof Uint8Array ? body : createReadStream(body.file),
          ContentLength: body instanceof Uint8Array ? body.length : body.sizeBytes,
          ...headersOf(connection, options),
          ...(condition === undefined ? {} : { Metadata: { [markName]: mark } }),
          ...conditionHeaders(condition, capabilities),
        })
        const answer = await client.send(command, { abortSignal })
        return answer.ETag ?? ''
      },
    )
    return { status: 'written', version }
  } catch (error) {
    if (!(error instanceof S3Conflict) || condition === undefined) throw error
    // An attempt whose answer was lost may have written it: then the condition fails because of ourselves.
    const own = attempts > 1 ? await markedVersion(connection, path, mark, signal) : undefined
    return own === undefined ? { status: 'conflict' } : { status: 'written', version: own }
  }
}

// Equal bytes are no proof: somebody else may have written the same.
const markName = 'hawser-write'

async function markedVersion(
  connection: Connection,
  path: string,
  mark: string,
  signal: AbortSignal | undefined,
): Promise<ObjectVersion | undefined> {
  return unlessAbsent(() =>
    connection.call({ action: 's3:GetObject', path, signal }, async ({ sdk, client, abortSignal }) => {
      const command = new sdk.HeadObjectCommand({ Bucket: connection.bucket, Key: connection.key(path) })
      const { Metadata, ETag } = await client.send(command, { abortSignal })
      return Metadata?.[markName] === mark ? ETag : undefined
    }),
  )
}

function conditionHeaders(
  condition: Condition | undefined,
  capabilities: Capabilities | undefined,
): { IfNoneMatch?: string; IfMatch?: string } {
  if (condition === undefined) return {}
  if ('ifAbsent' in condition) return { IfNoneMatch: '*' }
  const quoted = condition.ifVersion
  return { IfMatch: capabilities?.ifMatch === 'unquoted' ? quoted.replaceAll('"', '') : quoted }
}

/** The version of what is there, when it has our bytes. */
export async function ownVersion(
  connection: Connection,
  path: string,
  body: PutBody,
  signal: AbortSignal | undefined,
): Promise<ObjectVersion | undefined> {
  const sizeBytes = body instanceof Uint8Array ? body.length : body.sizeBytes
  const found = await headObject(connection, path, signal)
  if (found?.sizeBytes !== sizeBytes) return undefined
  const stored = await unlessAbsent(() => readWhole(connection, path, signal))
  if (stored === undefined) return undefined
  const own = body instanceof Uint8Array ? Readable.from([body]) : createReadStream(body.file)
  return (await isSame(stored, own)) ? found.version : undefined
}

async function readWhole(
  connection: Connection,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  return connection.call({ action: 's3:GetObject', path, signal }, async ({ sdk, client, abortSignal }) => {
    const command = new sdk.GetObjectCommand({ Bucket: connection.bucket, Key: connection.key(path) })
    return (await client.send(command, { abortSignal })).Body as Readable
  })
}

async function isSame(a: Readable, b: Readable): Promise<boolean> {
  const digest = async (stream: Readable): Promise<string> => {
    const hash = createHash('sha256')
    for await (const chunk of stream) hash.update(chunk)
    return hash.digest('hex')
  }
  const [left, right] = await Promise.all([digest(a), digest(b)])
  return left === right
}

/** A file that changed since it was built must not be stored under its old name. */
export async function checkSource({ file, sizeBytes }: Exclude<PutBody, Uint8Array>): Promise<void> {
  const found = await stat(file).catch((cause: unknown) => {
    throw new UserError('STORAGE_SOURCE_MISSING', `The file ${file}, which was to be stored, is gone.`, {
      hint: 'Build it again.',
      cause,
    })
  })
  if (found.size === sizeBytes) return
  throw new UserError(
    'STORAGE_SOURCE_CHANGED',
    `The file ${file}, which was to be stored, has ${found.size} bytes instead of ${sizeBytes}.`,
    { hint: 'Something changed it after it was built. Build it again.' },
  )
}
