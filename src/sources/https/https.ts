import { posix } from 'node:path'
import { z } from 'zod'
import { resolveSecret } from '../../lib/secret.ts'
import type { Provider } from '../../provider.ts'
import { type Integrity, withDownload } from '../download.ts'
import { isLoopback, openHttpClient } from '../http.ts'
import { shownUrl } from '../http-errors.ts'
import type { FetchedSource, Source, SourceContext } from '../source.ts'
import { fetchPinned, peekPinned } from '../source-record.ts'
import { unpack } from '../unpack.ts'

const options = z.object({
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
})

type Options = z.output<typeof options>

export const https: Provider<Source, typeof options, SourceContext> = {
  name: 'https',
  describe: 'A file from a web server, pinned by its SHA-256; an archive can be unpacked.',
  options,
  example: {
    url: 'https://example.com/hello-1.0.0.tar.gz',
    sha256: '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03',
    extract: true,
    strip: 1,
  },
  create: (written, context) => {
    const url = new URL(written.url)
    const unpacked = written.extract ? ` unpacked without ${written.strip} folders` : ` as ${nameOf(written)}`
    const pin = `sha256:${written.sha256}${unpacked}`
    return {
      describe: `https ${shownUrl(url)}`,
      pin,
      peek: (signal) => peekPinned(pin, context, signal),
      fetch: (signal) => fetchPinned(pin, context, signal, () => download(written, context, signal)),
    }
  },
}

function isAcceptable(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return false
  // Plain http to this machine is for tests and local proxies: nobody is on the way.
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
}

function nameOf({ name, url }: Options): string {
  const last = posix.basename(new URL(url).pathname) || 'download'
  if (name !== undefined) return name
  // What is no name when it is decoded stays encoded: control characters, slashes, bytes that are not UTF-8.
  const decoded = decodedName(last)
  return decoded === undefined || /[/\p{Cc}]/u.test(decoded) ? last : decoded
}

function decodedName(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

async function download(
  written: Options,
  context: SourceContext,
  signal: AbortSignal,
): Promise<FetchedSource> {
  const url = new URL(written.url)
  const secret = await authorizationOf(written, context, signal)
  const request = {
    url,
    integrity: sha256Integrity(written.sha256),
    sizeBytesMax: written.sizeMax,
    // To the declared server only, not to where it redirects.
    authorization: (target: URL) => (target.origin === url.origin ? secret : undefined),
  }
  const http = openHttpClient(context.environment)
  return await withDownload(request, { ...context, http }, signal, async (path) => {
    if (written.extract)
      return await unpack(path, { strip: written.strip, from: shownUrl(url) }, context, signal)
    const blob = await context.store.add(path, { durable: false, take: true })
    return { digest: blob.digest, files: [{ path: nameOf(written), mode: 0o644, ...blob }] }
  })
}

async function authorizationOf(
  { authorization }: Options,
  { environment, root }: SourceContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (authorization === undefined) return undefined
  return (await resolveSecret(authorization, { environment, root, signal })).line
}

const sha256Integrity = (hex: string): Integrity => ({ algorithm: 'sha256', hex, show: (found) => found })
