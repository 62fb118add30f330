import { resolveSecret } from '../../lib/secret.ts'
import type { Provider } from '../../provider.ts'
import { type Integrity, withDownload } from '../download.ts'
import { openHttpClient } from '../http.ts'
import { shownUrl } from '../http-errors.ts'
import type { FetchedSource, Source, SourceContext } from '../source.ts'
import { fetchPinned, peekPinned } from '../source-record.ts'
import { sourceRetry } from '../source-retry.ts'
import { unpack } from '../unpack.ts'
import { fileNameOf } from './file-name.ts'
import { type HttpsAccess, newHttpsPin } from './new-pin.ts'
import { type HttpsOptions, options } from './options.ts'

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
      newPin: async (inspection) =>
        newHttpsPin(written, await accessOf(written, context, inspection.signal), inspection),
    }
  },
}

const nameOf = ({ name, url }: HttpsOptions): string => name ?? fileNameOf(new URL(url))

async function download(
  written: HttpsOptions,
  context: SourceContext,
  signal: AbortSignal,
): Promise<FetchedSource> {
  const url = new URL(written.url)
  const { http, authorization } = await accessOf(written, context, signal)
  const request = {
    ...{ url, authorization },
    integrity: sha256Integrity(written.sha256),
    sizeBytesMax: written.sizeMax,
  }
  return await withDownload(request, { ...context, http }, signal, async (path) => {
    if (written.extract)
      return await unpack(path, { strip: written.strip, from: shownUrl(url) }, context, signal)
    const blob = await context.store.add(path, { durable: false, take: true })
    return { digest: blob.digest, files: [{ path: nameOf(written), mode: 0o644, ...blob }] }
  })
}

async function accessOf(
  { url, authorization }: HttpsOptions,
  context: SourceContext,
  signal: AbortSignal,
): Promise<HttpsAccess> {
  const { environment, root } = context
  const secret =
    authorization === undefined
      ? undefined
      : (await resolveSecret(authorization, { environment, root, signal })).line
  const { origin } = new URL(url)
  return {
    http: openHttpClient(environment),
    // To the declared server only, not to where it redirects.
    authorization: (target) => (target.origin === origin ? secret : undefined),
    retry: sourceRetry(context, signal),
  }
}

const sha256Integrity = (hex: string): Integrity => ({ algorithm: 'sha256', hex, show: (found) => found })
