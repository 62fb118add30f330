import { createPrivateKey, createSign, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { resolveSecret } from '../../lib/secret.ts'
import type { ForgeContext } from '../forge.ts'

/** Who we are. */
export interface Credentials {
  token(): Promise<string>
  /** This token was not accepted. True when another one can be had. */
  refused(token: string): boolean
}

export interface AppOptions {
  readonly id: string
  readonly installation?: number | undefined
  readonly key: string
}

/** A request of the app itself, with its own token; 404 is undefined. */
export type AskAsApp = (
  jwt: string,
  request: { readonly method: 'GET' | 'POST'; readonly path: string; readonly what: string },
) => Promise<unknown>

export function personalToken(reference: string, context: ForgeContext): Credentials {
  let token: Promise<string> | undefined
  const read = async (): Promise<string> => {
    const { line } = await resolveSecret(reference, context)
    context.maskSecret?.(line)
    // Header values are ASCII; a line of something else is no token, and must not be repeated in an error.
    if (/^[\x21-\x7e]+$/.test(line)) return line
    throw new UserError(
      'GITHUB_TOKEN',
      'The secret that forge.github.token names is not a token of GitHub.',
      {
        hint: 'A token is one word, such as ghp_… or github_pat_…. Check what the reference names.',
      },
    )
  }
  return {
    token: () => {
      token ??= read()
      return token
    },
    refused: () => false,
  }
}

interface InstallationToken {
  readonly token: string
  readonly expiresAt: number
}

/** A new one is asked for before the old one ends: an upload may take a while. */
const restMs = 5 * 60_000

/** "Authenticating as a GitHub App installation". Its tokens last an hour. */
export function appToken(
  app: AppOptions,
  repository: string,
  ask: AskAsApp,
  context: ForgeContext,
  now: () => number,
): Credentials {
  let current: Promise<InstallationToken> | undefined
  let known: InstallationToken | undefined
  const renew = async (): Promise<InstallationToken> => {
    const jwt = appJwt(app.id, await appKey(app.key, context), now())
    context.maskSecret?.(jwt)
    const id = app.installation ?? (await findInstallation(jwt, repository, ask))
    const answer = installationToken.parse(
      await ask(jwt, {
        method: 'POST',
        path: `/app/installations/${id}/access_tokens`,
        what: `asking for a token of the app ${app.id}`,
      }),
    )
    context.maskSecret?.(answer.token)
    known = { token: answer.token, expiresAt: Date.parse(answer.expires_at) }
    return known
  }
  const fresh = (): Promise<InstallationToken> => {
    if (known !== undefined && known.expiresAt - now() < restMs) {
      known = undefined
      current = undefined
    }
    current ??= renew().catch((error: unknown) => {
      current = undefined
      throw error
    })
    return current
  }
  return {
    token: async () => (await fresh()).token,
    refused: (token) => {
      if (known?.token !== token) return true
      known = undefined
      current = undefined
      return true
    },
  }
}

const installationToken = z.object({ token: z.string().min(1), expires_at: z.string() })
const installation = z.object({ id: z.number() })

async function findInstallation(jwt: string, repository: string, ask: AskAsApp): Promise<number> {
  const found = await ask(jwt, {
    method: 'GET',
    path: `/repos/${repository}/installation`,
    what: `looking where the app is installed`,
  })
  if (found !== undefined) return installation.parse(found).id
  throw new UserError(
    'GITHUB_APP_NOT_INSTALLED',
    `The app is not installed in the repository "${repository}".`,
    {
      hint: 'Install it there, with the permissions "Contents: write" and "Pull requests: write".',
    },
  )
}

async function appKey(reference: string, context: ForgeContext): Promise<KeyObject> {
  const { bytes, text } = await resolveSecret(reference, context)
  context.maskSecret?.(bytes)
  try {
    // CI variables keep line ends as \n sometimes.
    return createPrivateKey(text.includes('\n') ? text : text.replaceAll('\\n', '\n'))
  } catch {
    // The reason of the library may repeat what it read.
    throw new UserError(
      'GITHUB_APP_KEY',
      'The key of the GitHub App cannot be read: it is no private key in PEM.',
      {
        hint: 'Use the .pem file that GitHub gave when the key was generated, whole and with its line ends.',
      },
    )
  }
}

/** "Generating a JSON Web Token for a GitHub App": RS256, a minute back for clocks that differ, ten minutes at most. */
export function appJwt(appId: string, key: KeyObject, now: number): string {
  const seconds = Math.floor(now / 1000)
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iat: seconds - 60, exp: seconds + 540, iss: appId })}`
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`
}
