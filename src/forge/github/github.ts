import { z } from 'zod'
import { isSecretReference } from '../../lib/secret.ts'
import type { Provider } from '../../provider.ts'
import type { Forge, ForgeContext } from '../forge.ts'
import { AnswerCache } from './answer-cache.ts'
import { Budget, type Edge, realEdge } from './budget.ts'
import { type GitHubHost, githubForge } from './github-forge.ts'
import { openHttp } from './http.ts'

const reference = z.string().refine(isSecretReference, {
  message: 'is no reference to a secret: write env:NAME, file:PATH or cmd:COMMAND',
})

const options = z.strictObject({
  repository: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9-]*\/(?!\.\.?$)[A-Za-z0-9._-]+$/, 'is no repository: write owner/name')
    .describe('The repository, as owner/name.'),
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .refine(isSafe, 'must begin with https:// (http:// is for this machine only), without a user')
    .default('https://api.github.com')
    .describe('Address of the REST API. GitHub Enterprise Server: https://HOST/api/v3.'),
  token: reference
    .optional()
    .describe('Where the token is. Without it, and without an app: env:GITHUB_TOKEN.'),
  app: z
    .strictObject({
      id: z
        .union([z.string().regex(/^[A-Za-z0-9.]+$/), z.int().positive().transform(String)])
        .describe('Id or client id of the GitHub App.'),
      installation: z
        .int()
        .positive()
        .optional()
        .describe('Id of the installation. Without it: the one of the repository.'),
      key: reference.describe('Where the private key of the app (PEM) is.'),
    })
    .optional()
    .describe('A GitHub App to act as, instead of a token.'),
  tagger: z
    .string()
    .regex(/^[^<>\n]+ <[^<>\s]+>$/, 'Write it as: Name <mail@example.org>')
    .optional()
    .describe('Who makes the tags. Without it: who made the commit.'),
})

export type GitHubOptions = z.output<typeof options>

export const github: Provider<Forge, typeof options, ForgeContext> = {
  name: 'github',
  describe: 'GitHub, or GitHub Enterprise: tags, releases, pull requests, statuses and workflows.',
  options,
  example: { repository: 'example/tool', token: 'env:GITHUB_TOKEN' },
  create: (written, context) => openGitHub(written, context),
}

/** What everybody in this process shares who asks one host: limits, connections, answers. */
const hosts = new WeakMap<object, Map<string, GitHubHost>>()

/** The provider, with a clock that tests can set. */
export function openGitHub(written: GitHubOptions, context: ForgeContext, edge: Edge = realEdge): Forge {
  const known = hosts.get(context.environment) ?? new Map<string, GitHubHost>()
  hosts.set(context.environment, known)
  const name = new URL(written.baseUrl).host
  const host = known.get(name) ?? openHost(context, edge)
  known.set(name, host)
  return githubForge(written, context, host)
}

function openHost({ environment }: ForgeContext, edge: Edge): GitHubHost {
  return { budget: new Budget(edge), send: openHttp(environment), answers: new AnswerCache(), edge }
}

function isSafe(text: string): boolean {
  const { protocol, hostname, username, password } = new URL(text)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)
}
