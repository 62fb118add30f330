import { z } from 'zod'
import type { StorageProvider } from '../storage.ts'
import { s3Storage } from './s3-storage.ts'

const word = z.string().min(1)

export const s3Options = z.strictObject({
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'is no bucket name: 3 to 63 of a-z, 0-9, "." and "-"')
    .describe('Name of the bucket. It must exist.'),
  prefix: z
    .string()
    .regex(/^[^/].*$/, 'begins with "/"')
    .optional()
    .describe('What all keys begin with, such as "debian" or "team/fedora"; a "/" follows it.'),
  region: word.optional().describe('Region of the bucket. Without it: AWS_REGION, or us-east-1.'),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Address of another S3 service than that of AWS (Ceph, R2, MinIO, …). Without it: AWS_ENDPOINT_URL_S3 or AWS.',
    ),
  pathStyle: z
    .boolean()
    .optional()
    .describe('The bucket is part of the path and not of the host name. Without it: true with an endpoint.'),
  url: z
    .url()
    .optional()
    .describe('Where clients read the objects, when that is not the bucket itself (a CDN, a web server).'),
  acl: z
    .enum(['private', 'public-read', 'bucket-owner-full-control'])
    .optional()
    .describe(
      'ACL of each object. Without it: what the bucket says; a public bucket usually has a policy instead.',
    ),
  encryption: z
    .strictObject({
      algorithm: z.enum(['AES256', 'aws:kms']).describe('How the server encrypts.'),
      key: word.optional().describe('Id of the KMS key, with aws:kms.'),
    })
    .optional()
    .describe('Encryption by the server, where that is not the default of the bucket.'),
  cacheControl: z
    .strictObject({
      entry: word.default('no-cache, max-age=0, must-revalidate').describe('Of names that are overwritten.'),
      immutable: word
        .default('public, max-age=31536000, immutable')
        .describe('Of names that never change their bytes.'),
    })
    .prefault({})
    .describe('Cache-Control headers.'),
  partSizeMiB: z.int().min(5).max(512).default(16).describe('Size of the parts in which large files go.'),
  parallel: z.int().min(1).max(64).default(8).describe('Parts that are sent at the same time.'),
})
export type S3Options = z.output<typeof s3Options>

export const s3: StorageProvider<typeof s3Options> = {
  name: 's3',
  describe:
    'A bucket of Amazon S3 or of any compatible service. Credentials come from the usual places: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, web identity, instance roles.',
  options: s3Options,
  example: { bucket: 'packages-example-org', prefix: 'debian', region: 'eu-central-1' },
  create: (options) => s3Storage(options),
}
