import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { TransientError } from '../../errors.ts'
import { temporaryFolder } from '../storage.ts'
import type { Connection } from './connection.ts'
import { abortUpload, createUpload, sendPart } from './multipart.ts'
import { headersOf } from './object-headers.ts'
import { getObject } from './read-object.ts'
import { S3Absent, S3Conflict, S3Unsupported } from './s3-errors.ts'

const schema = z.strictObject({
  probe: z.literal(1),
  endpoint: z.string(),
  bucket: z.string(),
  /** `If-None-Match: *` on a PUT. */
  ifNoneMatch: z.boolean(),
  /** `If-Match` on a PUT: with the ETag as it is given, without its quotes, or not at all. */
  ifMatch: z.enum(['quoted', 'unquoted', 'none']),
  /** Conditions when a multipart upload is completed. */
  conditionalComplete: z.boolean(),
})

/** What a service can do, as far as services differ. Found out by trying, never by its name. */
export type Capabilities = z.output<typeof schema>

const recordPath = '.hawser/capabilities.json'

/**
 * What was found out before, else a trial with objects of its own beside the others. An answer that cannot be told from
 * a failure throws: nobody must take a busy service for one that ignores conditions.
 */
export async function capabilitiesOf(connection: Connection, signal?: AbortSignal): Promise<Capabilities> {
  const stored = await getObject(connection, recordPath, { signal })
  const known = stored === undefined ? undefined : parse(await stored.bytes(), connection)
  if (known !== undefined) return known
  const found = await probeSurely(connection, signal)
  await put({ connection, signal }, recordPath, Buffer.from(`${JSON.stringify(found)}\n`), {})
  return found
}

function parse(bytes: Uint8Array, connection: Connection): Capabilities | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')))
    const isOurs =
      parsed.success && parsed.data.endpoint === connection.place && parsed.data.bucket === connection.bucket
    // A copied bucket brings the record of another service along.
    return isOurs ? parsed.data : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

interface Trial {
  readonly connection: Connection
  readonly signal: AbortSignal | undefined
  /** A request was repeated: the answer to the first one may have been lost, so that the second says nothing. */
  isDoubtful?: boolean
}

const trialsMax = 5

async function probeSurely(connection: Connection, signal: AbortSignal | undefined): Promise<Capabilities> {
  for (let number = 0; number < trialsMax; number++) {
    const trial: Trial = { connection, signal }
    const found = await probe(trial)
    if (trial.isDoubtful !== true) return found
  }
  throw new TransientError(
    'S3_UNSURE',
    `${connection.location}: what the service can do cannot be found out, since its answers keep getting lost.`,
    { hint: 'Nothing was written but objects of the trial, which are deleted. Run it again.' },
  )
}

async function probe(trial: Trial): Promise<Capabilities> {
  const { connection, signal } = trial
  const path = `${temporaryFolder}${randomBytes(8).toString('hex')}`
  try {
    const isNew: Conditions = { IfNoneMatch: '*' }
    const ifNoneMatch = (await accepts(trial, path, isNew, '1')) && !(await accepts(trial, path, isNew, '2'))
    const ifMatch = await probeIfMatch(trial, path)
    const conditionalComplete = await probeComplete(trial, path)
    return {
      probe: 1,
      endpoint: connection.place,
      bucket: connection.bucket,
      ifNoneMatch,
      ifMatch,
      conditionalComplete,
    }
  } finally {
    await connection.call({ action: 's3:DeleteObject', path, signal }, async ({ sdk, client, abortSignal }) =>
      client.send(new sdk.DeleteObjectCommand({ Bucket: connection.bucket, Key: connection.key(path) }), {
        abortSignal,
      }),
    )
  }
}

interface Conditions {
  readonly IfNoneMatch?: string
  readonly IfMatch?: string
}

/** Honoured: the right ETag is accepted, and a wrong one is not. */
async function probeIfMatch(trial: Trial, path: string): Promise<Capabilities['ifMatch']> {
  const wrong = '0'.repeat(32)
  for (const form of ['quoted', 'unquoted'] as const) {
    const etag = await put(trial, path, Buffer.from(`the object of the trial: ${form}`), {})
    const bare = etag.replaceAll('"', '')
    const written = form === 'quoted' ? [`"${bare}"`, `"${wrong}"`] : [bare, wrong]
    const [right = '', other = ''] = written
    const isAccepted = await accepts(trial, path, { IfMatch: right }, `${form} 1`)
    const isHonoured = isAccepted && !(await accepts(trial, path, { IfMatch: other }, `${form} 2`))
    if (isHonoured) return form
  }
  return 'none'
}

async function probeComplete(trial: Trial, path: string): Promise<boolean> {
  const { connection, signal } = trial
  const upload = await createUpload(connection, path, { signal })
  const part = await sendPart(connection, path, upload, 1, Buffer.from('part'), signal)
  try {
    await connection.call(
      { action: 's3:PutObject', path, signal },
      async ({ sdk, client, attempt, abortSignal }) => {
        trial.isDoubtful ||= attempt > 1
        const command = new sdk.CompleteMultipartUploadCommand({
          Bucket: connection.bucket,
          Key: connection.key(path),
          UploadId: upload,
          MultipartUpload: { Parts: [part] },
          IfNoneMatch: '*',
        })
        await client.send(command, { abortSignal })
      },
    )
    return false
  } catch (error) {
    // Gone after a lost answer; that one is doubtful anyway.
    if (error instanceof S3Absent) return false
    // Parts that nobody asks for again would be paid for.
    await abortUpload(connection, path, upload)
    if (error instanceof S3Conflict) return true
    if (error instanceof S3Unsupported) return false
    throw error
  }
}

/** Whether the service takes this write; anything but a yes or a no throws. */
async function accepts(trial: Trial, path: string, conditions: Conditions, text: string): Promise<boolean> {
  try {
    await put(trial, path, Buffer.from(text), conditions)
    return true
  } catch (error) {
    // Some answer 404 where a condition names an object that they cannot match.
    if (error instanceof S3Conflict || error instanceof S3Unsupported || error instanceof S3Absent)
      return false
    throw error
  }
}

async function put(trial: Trial, path: string, body: Uint8Array, conditions: Conditions): Promise<string> {
  const { connection, signal } = trial
  return connection.call(
    { action: 's3:PutObject', path, signal },
    async ({ sdk, client, attempt, abortSignal }) => {
      trial.isDoubtful ||= attempt > 1
      const command = new sdk.PutObjectCommand({
        Bucket: connection.bucket,
        Key: connection.key(path),
        Body: body,
        // A policy may refuse what is not encrypted, say; that is no answer to the question.
        ...headersOf(connection, {}),
        ...conditions,
      })
      return (await client.send(command, { abortSignal })).ETag ?? ''
    },
  )
}
