import { homedir } from 'node:os'
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { TransientError, UserError } from '../../errors.ts'
import {
  allowedEnvironment,
  type ChildEnd,
  type ChildResult,
  type Environment,
  runChild,
} from '../../lib/child.ts'
import type { Credential } from './credential.ts'

const answer = z.looseObject({ Username: z.string(), Secret: z.string() })

/** What helpers of clouds and password stores look at. Our own tokens and passphrases are not among them. */
const helperVariables =
  /^(?:AWS_|AZURE_|GOOGLE_|CLOUDSDK_|ACR_|ECR_|DOCKER_|REGISTRY_AUTH_FILE$|GNUPGHOME$|PASSWORD_STORE_|DBUS_SESSION_BUS_ADDRESS$|DISPLAY$|(?:https?|no)_proxy$)/i

/** What helpers print, with a failing exit code, for a registry they do not know (docker-credential-helpers). */
const unknownTexts = /credentials not found|no credentials server URL|no credentials username/i

/**
 * `docker-credential-NAME get` with the registry on its input. Undefined: it knows none. `NAME` may be the absolute
 * path of a program. `namedIn` is the file that names it.
 */
export async function askHelper(
  name: string,
  server: string,
  namedIn: string,
  environment: Environment,
): Promise<Credential | undefined> {
  const program = programOf(name, namedIn)
  const also = Object.keys(environment).filter((variable) => helperVariables.test(variable))
  const result = await runChild(program, ['get'], {
    cwd: homedir(),
    environment: allowedEnvironment(environment, also),
    input: server,
    timeoutMs: 60_000,
    outputBytesMax: 1 << 20,
  })
  const { end } = result
  if (end.kind === 'exit' && end.code === 0) return readAnswer(result.stdout, program)
  if (end.kind === 'exit' && unknownTexts.test(`${result.stdout}${result.stderr}`)) return undefined
  throw failure(result, program, server, namedIn)
}

function programOf(name: string, namedIn: string): string {
  if (isAbsolute(name)) return name
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name)) return `docker-credential-${name}`
  throw new UserError('OCI_HELPER', `${namedIn} names the credential helper "${name}", which is no name.`, {
    hint: 'Write what follows "docker-credential-" in the name of the program, or its absolute path.',
  })
}

function readAnswer(stdout: Buffer, program: string): Credential | undefined {
  let parsed: z.infer<typeof answer>
  try {
    parsed = answer.parse(JSON.parse(stdout.toString('utf8')))
  } catch {
    // Neither the text nor the parser's message is shown: both may hold the secret.
    throw new UserError(
      'OCI_HELPER',
      `The credential helper ${program} answered something else than credentials.`,
      {
        hint: `Run "${program} get" by hand; it must print JSON with "Username" and "Secret".`,
      },
    )
  }
  const { Username: username, Secret: secret } = parsed
  if (username === '' && secret === '') return undefined
  // docker-credential-helpers: this name says that the secret is an identity token.
  if (username === '<token>') return { kind: 'identity', token: secret }
  return { kind: 'password', username, password: secret }
}

function failure(
  { end, stdout, stderr }: ChildResult,
  program: string,
  server: string,
  namedIn: string,
): UserError | TransientError {
  if (end.kind === 'not started') {
    return new UserError(
      'OCI_HELPER',
      `The credential helper ${program} cannot be started (${end.error.code}).`,
      {
        hint: `${namedIn} names it for ${server}. Install it, or take it out of that file and log in again.`,
      },
    )
  }
  if (end.kind === 'timeout') {
    return new TransientError(
      'OCI_HELPER',
      `The credential helper ${program} did not answer within a minute.`,
      {
        hint: 'It may be waiting for somebody to unlock a password store.',
      },
    )
  }
  // Half of an answer may be half of a secret; only what it printed beside a failure is shown.
  const isOwnFailure = end.kind === 'exit'
  const how = howItEnded(end)
  const said = isOwnFailure ? saidBy(stderr.trim() || stdout.toString('utf8').trim()) : ''
  return new UserError(
    'OCI_HELPER',
    `The credential helper ${program} failed for ${server} (${how})${said}.`,
    {
      hint: `Run "${program} get" by hand, or log in again.`,
    },
  )
}

function howItEnded(end: ChildEnd): string {
  if (end.kind === 'exit') return `exit code ${end.code}`
  return end.kind === 'signal' ? end.signal : end.kind
}

function saidBy(text: string): string {
  const clean = text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, 300)
    .replace(/[\s.]+$/, '')
  return clean && `: ${clean}`
}
