import type { ListedObject } from '../storage.ts'
import type { Connection } from './connection.ts'
import { unlessAbsent } from './read-object.ts'

/** Pages of a thousand, in byte order of the keys (UTF-8), as S3 gives them. */
export async function* listObjects(
  connection: Connection,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedObject> {
  let token: string | undefined
  do {
    const page = await connection.call(
      { action: 's3:ListBucket', path: prefix, signal },
      async ({ sdk, client, abortSignal }) =>
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket: connection.bucket,
            Prefix: connection.key(prefix),
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
          { abortSignal },
        ),
    )
    for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.Contents ?? []) {
      const path = Key.slice(connection.prefix.length)
      // Marks of folders, as consoles make them, are no objects of ours.
      if (path !== '' && !path.endsWith('/')) yield { path, sizeBytes: Size, modifiedAt: LastModified }
    }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}

export async function deleteObject(
  connection: Connection,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await unlessAbsent(() =>
    connection.call({ action: 's3:DeleteObject', path, signal }, async ({ sdk, client, abortSignal }) => {
      const command = new sdk.DeleteObjectCommand({ Bucket: connection.bucket, Key: connection.key(path) })
      await client.send(command, { abortSignal })
    }),
  )
}
