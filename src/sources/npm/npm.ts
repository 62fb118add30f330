import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { retryTransient } from '../../lib/retry.ts'
import type { Provider } from '../../provider.ts'
import { withDownload } from '../download.ts'
import { type HttpAnswer, type HttpClient, openHttpClient } from '../http.ts'
import { shownUrl } from '../http-errors.ts'
import type { FetchedSource, NewPin, Source, SourceContext } from '../source.ts'
import { fetchPinned, peekPinned } from '../source-record.ts'
import { sourceRetry } from '../source-retry.ts'
import { unpack } from '../unpack.ts'
import { integrityPattern, parseIntegrity, sameAlgorithm } from './integrity.ts'
import { type NpmSettings, readNpmSettings } from './npmrc.ts'
import { authorizationFor, metadataUrl, proxyEnvironment, registryFor, tarballUrl } from './registry.ts'

const packagePattern =
  /^(?<name>(?:@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*)@(?<version>\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$/i

const options = z.object({
  package: z
    .string()
    .regex(packagePattern, {
      error:
        'Write NAME@VERSION with an exact version, such as "@esbuild/linux-x64@0.28.2"; no range and no tag.',
    })
    .describe('Package and exact version.'),
  integrity: z
    .string({ error: 'Pin the package: write what "npm view NAME@VERSION dist.integrity" prints.' })
    .regex(integrityPattern, { error: 'Write sha512-… as "npm view NAME@VERSION dist.integrity" prints it.' })
    .describe('Subresource integrity of the tarball, sha512 as a rule.'),
  sizeMax: z
    .int()
    .positive()
    .default(2 ** 30)
    .describe('Larger tarballs are refused, in bytes.'),
})

type Options = z.output<typeof options>

export const npm: Provider<Source, typeof options, SourceContext> = {
  name: 'npm',
  describe:
    "The files of a package in an npm registry; registry and credentials are those of npm's settings.",
  options,
  example: {
    package: '@esbuild/linux-x64@0.28.2',
    integrity:
      'sha512-4xTZr1FUmSoQW4XIWmit3tzQrUTZM+N3P0XV8xROKYF50XfI7xeO90+1bZvNwxIufQ9hDQVRJH5YhgPVF8A/HQ==',
  },
  create: (written, context) => {
    const pin = `npm:${written.integrity}`
    return {
      describe: `npm ${written.package}`,
      pin,
      peek: (signal) => peekPinned(pin, context, signal),
      fetch: (signal) => fetchPinned(pin, context, signal, () => download(written, context, signal)),
      newPin: ({ signal }) => newPin(written, context, signal),
    }
  },
}

async function download(
  written: Options,
  context: SourceContext,
  signal: AbortSignal,
): Promise<FetchedSource> {
  const settings = await readNpmSettings(context.root, context.environment)
  const http = openHttpClient(proxyEnvironment(settings, context.environment))
  const url = await locate(written, { settings, http }, context, signal)
  const request = {
    url,
    integrity: parseIntegrity(written.integrity),
    sizeBytesMax: written.sizeMax,
    authorization: (target: URL) => authorizationFor(target, settings),
  }
  // Every npm tarball has one folder at its top, mostly "package"; npm cuts it off whatever its name.
  return await withDownload(request, { ...context, http }, signal, (path) =>
    unpack(path, { strip: 1, from: `The package ${written.package}` }, context, signal),
  )
}

interface Access {
  readonly settings: NpmSettings
  readonly http: HttpClient
}

/** Asks the registry where the tarball is, and whether it is the pinned one, before anything large is fetched. */
async function locate(
  written: Options,
  access: Access,
  context: SourceContext,
  signal: AbortSignal,
): Promise<URL> {
  const { dist, registry } = await find(written, access, context, signal)
  const listed = sameAlgorithm(written.integrity, dist.integrity)
  if (listed !== undefined && listed !== written.integrity) throw otherIntegrity(written, listed)
  return tarballUrl(dist.tarball, registry)
}

/** What the registry lists, in the algorithm of the pin. */
async function newPin(written: Options, context: SourceContext, signal: AbortSignal): Promise<NewPin> {
  const settings = await readNpmSettings(context.root, context.environment)
  const http = openHttpClient(proxyEnvironment(settings, context.environment))
  const { dist, registry } = await find(written, { settings, http }, context, signal)
  const listed = sameAlgorithm(written.integrity, dist.integrity)
  if (listed === undefined) throw noIntegrity(written)
  return {
    option: 'integrity',
    from: written.integrity,
    to: listed,
    vouchers: [`registry ${shownUrl(registry)}`],
  }
}

async function find(
  written: Options,
  { settings, http }: Access,
  context: SourceContext,
  signal: AbortSignal,
): Promise<{ readonly dist: Dist; readonly registry: URL }> {
  const { name = '', version = '' } = packagePattern.exec(written.package)?.groups ?? {}
  const registry = registryFor(name, settings)
  const url = metadataUrl(registry, name)
  const metadata = await retryTransient(
    () => readMetadata(url, { settings, http }, signal),
    sourceRetry(context, signal),
  )
  const dist = metadata.versions[version]?.dist
  if (dist === undefined) throw noSuchVersion(written.package, Object.keys(metadata.versions))
  return { dist, registry }
}

const distSchema = z.object({ tarball: z.string(), integrity: z.string().exactOptional() })
type Dist = z.output<typeof distSchema>
const metadataSchema = z.object({ versions: z.record(z.string(), z.object({ dist: distSchema })) })

async function readMetadata(
  url: URL,
  { settings, http }: Access,
  signal: AbortSignal,
): Promise<z.output<typeof metadataSchema>> {
  const answer = await http.get({
    url,
    // The short form, a tenth of the size; registries that do not know it send the long one.
    headers: { accept: 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8' },
    authorization: (target) => authorizationFor(target, settings),
    signal,
  })
  const parsed = metadataSchema.safeParse(parseJson(await readText(answer)))
  if (parsed.success) return parsed.data
  throw new UserError('SOURCE_NPM_METADATA', `${shownUrl(url)} did not answer as an npm registry does.`, {
    hint: 'Check the registry in .npmrc and npm_config_registry, and whether a login page stands before it.',
    cause: parsed.error,
  })
}

const metadataBytesMax = 128 << 20

async function readText(answer: HttpAnswer): Promise<string> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of answer.body) {
    sizeBytes += chunk.length
    // No list of versions is so large: the empty text is refused as what it is not.
    if (sizeBytes > metadataBytesMax) return ''
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No JSON at all: the schema refuses it, with a hint that fits.
    return undefined
  }
}

function noSuchVersion(wanted: string, versions: readonly string[]): UserError {
  const newest = versions.slice(-5).reverse().join(', ')
  return new UserError('SOURCE_NPM_VERSION', `The registry has no package ${wanted}.`, {
    hint: `The last versions it lists are: ${newest || 'none'}. A mirror may lag behind, or not have it.`,
  })
}

const noIntegrity = ({ package: wanted, integrity }: Options): UserError =>
  new UserError(
    'SOURCE_NPM_INTEGRITY',
    `The registry lists no ${integrity.replace(/-.*/s, '')} digest for ${wanted}.`,
    { hint: 'Ask the public registry: npm view NAME@VERSION dist.integrity. Then write the pin yourself.' },
  )

function otherIntegrity({ package: wanted, integrity }: Options, listed: string): UserError {
  return new UserError(
    'SOURCE_DIGEST_MISMATCH',
    `The registry lists another file for ${wanted} than the pinned one.\npinned: ${integrity}\nlisted: ${listed}`,
    {
      hint: 'Nothing was fetched. Either the pin is of another version, or the package was changed: compare with the public registry before you change the pin.',
    },
  )
}
