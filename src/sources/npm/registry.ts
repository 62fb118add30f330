import { UserError } from '../../errors.ts'
import type { Environment } from '../../lib/child.ts'
import { isLoopback } from '../http.ts'
import { shownUrl } from '../http-errors.ts'
import type { NpmSettings } from './npmrc.ts'

const publicDomain = 'npmjs.org'
/** npm's own default (npm-config(7), registry), where its settings name no other. */
export const publicRegistry = `https://registry.${publicDomain}/`

/** The registry for a package: that of its scope, else the usual one. Always ends with a slash. */
export function registryFor(packageName: string, settings: NpmSettings): URL {
  const scope = packageName.startsWith('@') ? packageName.split('/')[0] : undefined
  const scoped = scope === undefined ? undefined : settings.get(`${scope}:registry`)
  const written = scoped ?? settings.get('registry') ?? publicRegistry
  if (!/^https?:\/\//i.test(written) || !URL.canParse(written)) {
    // The value is not shown: credentials in it are what makes it none, as a rule.
    throw new UserError(
      'SOURCE_NPM_REGISTRY',
      `npm's setting for the registry of ${packageName} is no address.`,
      {
        hint: 'Write an https address as "registry" in .npmrc, or as the variable npm_config_registry.',
      },
    )
  }
  const url = new URL(written.endsWith('/') ? written : `${written}/`)
  // Credentials belong to the settings of the address; in the address itself they would show up in messages.
  url.username = ''
  url.password = ''
  return url
}

/** The Authorization header that npm's settings hold for this address or a folder above it. */
export function authorizationFor(url: URL, settings: NpmSettings): string | undefined {
  for (let path = url.pathname; ; path = path.replace(/[^/]+\/?$/, '')) {
    const header = authorizationAt(`//${url.host}${path}`, settings)
    if (header !== undefined || path === '/' || path === '') return header
  }
}

function authorizationAt(address: string, settings: NpmSettings): string | undefined {
  for (const prefix of new Set([address, address.replace(/\/$/, ''), address.replace(/\/?$/, '/')])) {
    const token = settings.get(`${prefix}:_authToken`)
    if (token !== undefined) return `Bearer ${token}`
    const basic = settings.get(`${prefix}:_auth`)
    if (basic !== undefined) return `Basic ${basic}`
    const user = settings.get(`${prefix}:username`)
    const password = settings.get(`${prefix}:_password`)
    if (user === undefined || password === undefined) continue
    const plain = Buffer.from(password, 'base64').toString()
    return `Basic ${Buffer.from(`${user}:${plain}`).toString('base64')}`
  }
  return undefined
}

/** Address of the package's list of versions; the slash of a scope is encoded, as npm does. */
export const metadataUrl = (registry: URL, packageName: string): URL =>
  new URL(packageName.replace('/', '%2f'), registry)

/**
 * Where the tarball really is. Mirrors often pass on the addresses of the public registry, or write http behind a
 * proxy that speaks https; npm corrects the first, and the second would be refused.
 */
export function tarballUrl(written: string, registry: URL): URL {
  if (!URL.canParse(written)) {
    throw new UserError('SOURCE_NPM_METADATA', `${shownUrl(registry)} names a tarball that is no address.`, {
      hint: 'The registry is damaged or is not one: check the registry in .npmrc.',
    })
  }
  const url = new URL(written)
  const isPublic = url.host === new URL(publicRegistry).host
  if (isPublic && registry.host !== url.host) return new URL(`.${url.pathname}`, registry)
  if (url.protocol === 'http:' && url.hostname === registry.hostname && !isLoopback(url))
    url.protocol = 'https:'
  return url
}

/** npm's own proxy settings come before the variables that all programs use. */
export function proxyEnvironment(settings: NpmSettings, environment: Environment): Environment {
  const [https, http, none] = [settings.get('https-proxy'), settings.get('proxy'), settings.get('noproxy')]
  return {
    ...environment,
    ...(https !== undefined || http !== undefined ? { https_proxy: https ?? http } : {}),
    ...(http === undefined ? {} : { http_proxy: http }),
    ...(none === undefined ? {} : { no_proxy: none }),
  }
}
