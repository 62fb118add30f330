import type { ObjectCannedACL, ServerSideEncryption } from '@aws-sdk/client-s3'
import type { CopyOptions } from '../storage.ts'
import type { Connection } from './connection.ts'

interface ObjectHeaders {
  ContentType?: string
  CacheControl?: string
  ACL?: ObjectCannedACL
  ServerSideEncryption?: ServerSideEncryption
  SSEKMSKeyId?: string
}

/** What every write says of the object: type, caching, who may read it, how it is encrypted. */
export function headersOf({ options }: Connection, { contentType, caching }: CopyOptions): ObjectHeaders {
  const { acl, encryption, cacheControl } = options
  return {
    ...(contentType === undefined ? {} : { ContentType: contentType }),
    ...(caching === undefined ? {} : { CacheControl: cacheControl[caching] }),
    ...(acl === undefined ? {} : { ACL: acl }),
    ...(encryption === undefined ? {} : { ServerSideEncryption: encryption.algorithm }),
    ...(encryption?.key === undefined ? {} : { SSEKMSKeyId: encryption.key }),
  }
}
