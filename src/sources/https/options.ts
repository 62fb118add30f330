import { z } from 'zod'
import { isLoopback } from '../http.ts'

const fields = z.object({
  url: z
    .string()
    .refine(isAcceptable, {
      error:
        'Write an https address without user name and password; credentials belong into "authorization".',
    })
    .describe('Address of the file; https only.'),
  sha256: z
    .string({
      error: 'Pin the file: write its SHA-256, as printed by "sha256sum FILE" or published by its makers.',
    })
    .regex(/^[0-9a-f]{64}$/, { error: 'Write the 64 lower-case hex digits of the SHA-256.' })
    .describe('SHA-256 that the file must have.'),
  name: z
    .string()
    .regex(/^(?!\.{1,2}$)[^/\p{Cc}]+$/u, { error: 'Write a file name without folders.' })
    .exactOptional()
    .describe('Name of the file; the last part of the address when not given.'),
  extract: z
    .boolean()
    .default(false)
    .describe('Unpack the file: tar, alone or compressed with gzip, xz or zstd.'),
  strip: z
    .int()
    .min(0)
    .max(20)
    .default(0)
    .describe('With "extract": how many leading folders are cut off each path.'),
  sizeMax: z
    .int()
    .positive()
    .default(4 * 2 ** 30)
    .describe('Larger files are refused, in bytes.'),
  authorization: z
    .string()
    .exactOptional()
    .describe(
      'Reference to the value of the Authorization header, for example "env:DOWNLOAD_AUTHORIZATION".',
    ),
  checksums: publisherFile(
    "Address of the publisher's checksums, as sha256sum or BSD tools write them, or the digest alone. Used by hawser bump component, which pins only what they confirm.",
  ),
  signature: publisherFile(
    'Address of a detached OpenPGP signature: of the checksums where there are any, else of the file. Used by hawser bump component.',
  ),
  signedBy: z
    .array(
      z.string().regex(/^(?:file:.+|env:[A-Za-z_][A-Za-z0-9_]*)$/, {
        error: 'Write "file:PATH" or "env:NAME", of a public key.',
      }),
    )
    .min(1, { error: 'Name at least one public key.' })
    .exactOptional()
    .describe('Public keys of the publisher, one of which must have signed, as file:PATH or env:NAME.'),
})

export const options = fields
  .refine(({ signature, signedBy }) => signature === undefined || signedBy !== undefined, {
    path: ['signature'],
    error: 'must go with "signedBy", the public keys that may have signed',
  })
  .refine(({ signature, signedBy }) => signedBy === undefined || signature !== undefined, {
    path: ['signedBy'],
    error: 'must go with "signature", the address of what these keys signed',
  })

export type HttpsOptions = z.output<typeof options>

function publisherFile(describe: string) {
  return z
    .string()
    .refine(isAcceptable, { error: 'Write an https address without user name and password.' })
    .exactOptional()
    .describe(describe)
}

function isAcceptable(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return false
  // Plain http to this machine is for tests and local proxies: nobody is on the way.
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
}
