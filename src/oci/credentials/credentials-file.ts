import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { codeOf, fileSystemError } from '../../lib/atomic-file.ts'
import type { Credential } from './credential.ts'

const entry = z.looseObject({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
})
const file = z.looseObject({
  auths: z.record(z.string(), entry.nullable()).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().nullish(),
})

/** docker's config.json and podman's auth.json; names of registries and repositories without scheme and API version. */
export interface CredentialsFile {
  readonly path: string
  readonly auths: ReadonlyMap<string, z.infer<typeof entry>>
  readonly credHelpers: ReadonlyMap<string, string>
  readonly credsStore: string | undefined
}

/** Undefined: there is none. Its content is never quoted, since it holds secrets. */
export async function readCredentialsFile(path: string): Promise<CredentialsFile | undefined> {
  const text = await readOptional(path)
  if (text === undefined) return undefined
  const parsed = file.safeParse(parseJson(text, path))
  if (!parsed.success) {
    const at = parsed.error.issues[0]?.path.join('.') || 'the whole file'
    throw fileError(path, `is not a credentials file: ${at} is of the wrong type`)
  }
  const { auths, credHelpers, credsStore } = parsed.data
  return {
    path,
    auths: byName(
      Object.entries(auths ?? {}).flatMap(([name, value]) =>
        value === null ? [] : [[name, value] as const],
      ),
    ),
    credHelpers: byName(Object.entries(credHelpers ?? {})),
    credsStore: credsStore === '' ? undefined : (credsStore ?? undefined),
  }
}

/** The entry of the first of these names that holds something; empty ones only say that a helper knows more. */
export function entryOf({ auths, path }: CredentialsFile, names: readonly string[]): Credential | undefined {
  for (const name of names) {
    const found = auths.get(name)
    const credential = found && credentialOf(found, name, path)
    if (credential !== undefined) return credential
  }
  return undefined
}

function credentialOf(
  { auth, username, password, identitytoken, registrytoken }: z.infer<typeof entry>,
  name: string,
  path: string,
): Credential | undefined {
  if (isText(registrytoken)) return { kind: 'bearer', token: registrytoken }
  if (isText(identitytoken)) return { kind: 'identity', token: identitytoken }
  if (isText(auth)) return decodeAuth(auth, name, path)
  if (isText(username) && password !== undefined) return { kind: 'password', username, password }
  return undefined
}

const isText = (text: string | undefined): text is string => text !== undefined && text !== ''

/** Base64 of `user:password`; the password may have colons, and old files end in zero bytes. */
function decodeAuth(auth: string, name: string, path: string): Credential {
  const decoded = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '')
  const colon = decoded.indexOf(':')
  const isBase64 = /^[A-Za-z0-9+/_-]+={0,2}$/.test(auth.trim())
  if (colon > 0 && isBase64) {
    return { kind: 'password', username: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
  }
  throw fileError(path, `has an "auth" of "${name}" that is not the base64 of "user:password"`)
}

/** Keys may be addresses; when two mean the same, the one that is written as a plain name counts. */
function byName<Value>(entries: readonly (readonly [string, Value])[]): ReadonlyMap<string, Value> {
  const map = new Map<string, Value>()
  for (const [written, value] of entries) {
    const name = plainName(written)
    if (name === written || !map.has(name)) map.set(name, value)
  }
  return map
}

function plainName(written: string): string {
  const name = written.replace(/^https?:\/\//, '').replace(/(?:\/v[12])?\/*$/, '')
  return name === 'index.docker.io' || name === 'registry-1.docker.io' ? 'docker.io' : name
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw fileSystemError(error, 'read', path)
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes what it could not read, perhaps a password.
    throw fileError(path, 'is not JSON')
  }
}

const fileError = (path: string, what: string): UserError =>
  new UserError('OCI_CREDENTIALS', `The credentials file ${path} ${what}.`, {
    hint: 'Repair it, or log in again with "docker login" or "podman login".',
  })
