import type { AgentOptions } from 'node:http'
import { UserError } from '../errors.ts'
import type { Environment } from './child.ts'

/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY in either case, for agents of node:http and node:https. */
export function proxySettings(
  environment: Environment,
  nodeVersion: string = process.versions.node,
): Pick<AgentOptions, 'proxyEnv' | 'keepAlive'> {
  const proxyEnv = Object.fromEntries(
    ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => {
      const value = environment[name] ?? environment[name.toUpperCase()]
      return value === undefined || value === '' ? [] : [[name, value]]
    }),
  )
  const isWanted = 'http_proxy' in proxyEnv || 'https_proxy' in proxyEnv
  if (!isWanted) return { keepAlive: true }
  if (!knowsProxies(nodeVersion)) {
    throw new UserError(
      'PROXY_NEEDS_NEWER_NODE',
      `Node ${nodeVersion} cannot use the proxy in HTTPS_PROXY.`,
      {
        hint: 'Use Node 24.5 or newer (or 22.21 or newer in the 22 line), or unset HTTPS_PROXY and HTTP_PROXY.',
      },
    )
  }
  return { keepAlive: true, proxyEnv }
}

/** Agents take `proxyEnv` since 22.21 and 24.5; an older Node would silently go around the proxy. */
function knowsProxies(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major === 22) return minor >= 21
  return major === 24 ? minor >= 5 : major > 24
}
