import { resolve } from 'node:path'
import { isLoopback } from '../http.ts'

export interface GitUrl {
  /** What git is given. */
  readonly url: string
  /** What git may use to get there, and nothing else (GIT_ALLOW_PROTOCOL). */
  readonly protocol: 'https' | 'http' | 'ssh' | 'file'
}

/** Undefined for everything that is not on the list: other protocols, helpers that run programs, options. */
export function parseGitUrl(text: string, root: string): GitUrl | undefined {
  // "ext::sh -c …" runs a program; a leading dash would be an option to git or ssh.
  if (text === '' || text.startsWith('-') || text.includes('::') || /\p{Cc}/u.test(text)) return undefined
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return parseAddress(text)
  // scp's form: a colon before any slash.
  const host = /^(?:[A-Za-z0-9._][A-Za-z0-9._-]*@)?([^/:@]+):/.exec(text)?.[1]
  if (host !== undefined) return isHost(host) ? { url: text, protocol: 'ssh' } : undefined
  return text.includes(':') ? undefined : { url: resolve(root, text), protocol: 'file' }
}

function parseAddress(text: string): GitUrl | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.password !== '' || url.search !== '') return undefined
  if (url.protocol === 'ssh:') {
    return isHost(url.hostname) && !url.username.startsWith('-') ? { url: text, protocol: 'ssh' } : undefined
  }
  // A user name is a token more often than not; git's credential helpers are the place for both.
  if (url.username !== '') return undefined
  if (url.protocol === 'https:') return { url: text, protocol: 'https' }
  return url.protocol === 'http:' && isLoopback(url) ? { url: text, protocol: 'http' } : undefined
}

const isHost = (host: string): boolean => /^[A-Za-z0-9[][A-Za-z0-9.:\]-]*$/.test(host)

/** gitmodules(5): an address that begins with ./ or ../ is relative to that of the repository it stands in. */
export function resolveSubmodule(written: string, parent: GitUrl): GitUrl | undefined {
  const isRelative = /^\.\.?\//.test(written)
  if (!isRelative) {
    const url = parseGitUrl(written, '/')
    // A remote repository must not make us read paths of this machine.
    return url?.protocol === 'file' && parent.protocol !== 'file' ? undefined : url
  }
  if (parent.protocol === 'file') return { url: resolve(parent.url, written), protocol: 'file' }
  // Host and path of an address, or of scp's form; climbing ends at the host.
  const [, host, path] = /^([a-z+]+:\/\/[^/]+\/|[^/:]+:)(.*)$/is.exec(parent.url) ?? []
  if (host === undefined || path === undefined) return undefined
  const parts = path.split('/').filter((part) => part !== '')
  for (const part of written.split('/')) {
    if (part !== '..') parts.push(...(part === '.' || part === '' ? [] : [part]))
    else if (parts.pop() === undefined) return undefined
  }
  return parts.length === 0 ? undefined : parseGitUrl(host + parts.join('/'), '/')
}
