import { type FileHandle, open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UserError } from '../errors.ts'
import { allowedEnvironment, type ChildEnd, type Environment, runChild } from './child.ts'

/** Where a secret is. The config holds this, never the secret. */
export type SecretReference =
  | { readonly from: 'env'; readonly name: string }
  | { readonly from: 'file'; readonly path: string }
  | { readonly from: 'cmd'; readonly command: string }

export interface Secret {
  readonly bytes: Uint8Array
  /** The whole value as text, without line ends after it: for keys and tokens. */
  readonly text: string
  /** The first line: for passphrases, which password tools print first. */
  readonly line: string
  /** For people: what is risky about where the secret is. */
  readonly warnings: readonly string[]
}

export interface SecretContext {
  readonly environment: Environment
  /** Folder that `file:` is relative to and `cmd:` runs in: the project. */
  readonly root: string
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

const sizeBytesMax = 1 << 20
const defaultTimeoutMs = 30_000
const forms = 'Write "env:NAME", "file:PATH" (relative to the project), or "cmd:COMMAND".'

/** What password and vault tools need to find their agent or their session, beside the usual variables. */
const toolVariables = [
  'DBUS_SESSION_BUS_ADDRESS',
  'GNUPGHOME',
  'GPG_TTY',
  'PASSWORD_STORE_DIR',
  'SSH_AUTH_SOCK',
  'VAULT_ADDR',
  'VAULT_CACERT',
  'VAULT_NAMESPACE',
  'XDG_DATA_HOME',
]

/** Reads `env:NAME`, `file:PATH` or `cmd:COMMAND`. Its error never repeats the text: it may be the secret itself. */
export function parseSecretReference(text: string): SecretReference {
  const [, from, rest] = /^(env|file|cmd):(.*)$/s.exec(text) ?? []
  const value = rest?.trim() ?? ''
  if (value === '' || value.includes('\0')) throw badReference()
  if (from === 'file') return { from, path: value }
  if (from === 'cmd') return { from, command: value }
  if (from === 'env' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) return { from, name: value }
  throw badReference()
}

export function isSecretReference(text: string): boolean {
  try {
    parseSecretReference(text)
    return true
  } catch {
    return false
  }
}

export function secretReferenceText(reference: SecretReference): string {
  if (reference.from === 'env') return `env:${reference.name}`
  return reference.from === 'file' ? `file:${reference.path}` : `cmd:${reference.command}`
}

/** Fetches the secret. Errors name the reference, never the value and never what a command printed. */
export async function resolveSecret(
  reference: SecretReference | string,
  context: SecretContext,
): Promise<Secret> {
  const parsed = typeof reference === 'string' ? parseSecretReference(reference) : reference
  if (parsed.from === 'env') return secretOf(fromEnvironment(parsed.name, context), parsed)
  if (parsed.from === 'cmd') return secretOf(await fromCommand(parsed.command, context), parsed)
  const { bytes, warnings } = await fromFile(parsed.path, context)
  return secretOf(bytes, parsed, warnings)
}

function badReference(): UserError {
  return new UserError('SECRET_REFERENCE', 'A secret is given in a form that Hawser does not know.', {
    hint: `${forms} A secret itself never stands in hawser.yaml.`,
  })
}

function fromEnvironment(name: string, { environment }: SecretContext): Uint8Array {
  const value = environment[name]
  if (value !== undefined) return Buffer.from(value)
  throw new UserError('SECRET_MISSING', `The environment variable "${name}" is not set.`, {
    hint: `Set ${name} in the shell or in the CI job's secrets, or change the reference "env:${name}".`,
  })
}

async function fromFile(
  path: string,
  { root }: SecretContext,
): Promise<{ bytes: Uint8Array; warnings: string[] }> {
  let handle: FileHandle | undefined
  try {
    handle = await open(resolve(root, path))
    const { mode, size } = await handle.stat()
    if (size > sizeBytesMax) throw tooLarge(`file:${path}`)
    const warnings = process.platform !== 'win32' && (mode & 0o077) !== 0 ? [openToOthers(path, mode)] : []
    return { bytes: await handle.readFile(), warnings }
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    throw unreadable(path, cause)
  } finally {
    await handle?.close()
  }
}

function openToOthers(path: string, mode: number): string {
  const octal = (mode & 0o777).toString(8).padStart(4, '0')
  return `The secret file "${path}" is open to other users (mode ${octal}); run: chmod 600 ${path}`
}

function unreadable(path: string, cause: unknown): UserError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new UserError('SECRET_MISSING', `The secret file "${path}" does not exist.`, {
      hint: 'The path is relative to the folder of hawser.yaml. Put the file there, or change the reference.',
      cause,
    })
  }
  const why = code === 'EISDIR' ? 'it is a folder' : `the system answered ${String(code)}`
  return new UserError('SECRET_UNREADABLE', `The secret file "${path}" cannot be read: ${why}.`, {
    hint: 'Give the user who runs Hawser read permission on the file.',
    cause,
  })
}

async function fromCommand(command: string, context: SecretContext): Promise<Uint8Array> {
  const timeoutMs = context.timeoutMs ?? defaultTimeoutMs
  const [shell, flag] =
    process.platform === 'win32' ? [context.environment['ComSpec'] ?? 'cmd.exe', '/c'] : ['/bin/sh', '-c']
  const { end, stdout } = await runChild(shell, [flag, command], {
    cwd: context.root,
    environment: allowedEnvironment(context.environment, toolVariables),
    timeoutMs,
    outputBytesMax: sizeBytesMax,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  })
  if (end.kind === 'exit' && end.code === 0) return stdout
  if (end.kind === 'output too large') throw tooLarge(`cmd:${command}`)
  // Its output is not shown: what a password tool prints may be the secret.
  throw new UserError('SECRET_COMMAND', `The secret command "${command}" ${failed(end, timeoutMs)}.`, {
    hint: 'Run the command by hand to see why. It runs in the folder of hawser.yaml, without a terminal and with few environment variables.',
  })
}

function failed(end: ChildEnd, timeoutMs: number): string {
  if (end.kind === 'exit') return `failed with exit code ${end.code}`
  if (end.kind === 'signal') return `was ended by ${end.signal}`
  if (end.kind === 'timeout') return `did not end within ${timeoutMs / 1000} s`
  return 'could not be started'
}

function tooLarge(reference: string): UserError {
  return new UserError('SECRET_TOO_LARGE', `The secret from "${reference}" is larger than 1 MiB.`, {
    hint: 'Check that the reference names a key, a token or a passphrase.',
  })
}

function secretOf(bytes: Uint8Array, reference: SecretReference, warnings: readonly string[] = []): Secret {
  const text = Buffer.from(bytes)
    .toString()
    .replace(/[\r\n]+$/, '')
  if (text !== '') return { bytes, text, line: text.split(/\r?\n/, 1)[0] ?? '', warnings }
  throw new UserError('SECRET_EMPTY', `The secret from "${secretReferenceText(reference)}" is empty.`, {
    hint: 'Check the CI settings: secrets are empty in jobs that may not see them, such as those of forks.',
  })
}
