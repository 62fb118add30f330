import { generateKeyPairSync } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import type { Forge } from '../../src/forge/forge.ts'
import { allPermissions } from '../servers/github/access.ts'
import type { Fault } from '../servers/github/faults.ts'
import type { GitHubOptions } from '../servers/github/github.ts'
import { startScriptedServer } from '../servers/scripted-http.ts'
import { type GitHubSubject, openSubject, tagDate } from './github-subject.ts'

const time = Date.parse('2026-01-02T03:04:05Z')
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const pem = (key: typeof privateKey) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const app = {
  id: 7,
  installation: 11,
  slug: 'hawser',
  publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  permissions: allPermissions,
}

interface Case extends GitHubOptions {
  readonly name: string
  readonly fault?: Fault
  /** The forge that the case is about; else the usual one. */
  open?(subject: GitHubSubject): Forge
  prepare?(subject: GitHubSubject): Promise<unknown>
  act(forge: Forge, subject: GitHubSubject): Promise<unknown>
  /** Violations of the description that are wanted. */
  readonly isWrong?: boolean
}

const draft = (subject: GitHubSubject, change: object = {}) => ({
  ...{ tag: '1.2.0', name: '1.2.0', notes: 'Notes', commit: subject.head, isPrerelease: false },
  ...change,
})
const tag = (subject: GitHubSubject, change: object = {}) => ({
  ...{ name: '1.2.0', commit: subject.head, message: 'Release 1.2.0', date: tagDate },
  ...change,
})
const withToken = (token: string) => (subject: GitHubSubject) => subject.open({}, { GITHUB_TOKEN: token })
const tokens = {
  reader: { login: 'reader', permissions: { contents: 'read' as const } },
  writer: { login: 'writer', permissions: { contents: 'write' as const } },
}
const proposal = {
  ...{ branch: 'bump', base: 'main', files: { file: 'new' }, message: 'm', title: 'Bump', body: '' },
  labels: [],
}
const list = (forge: Forge) => forge.listReleases()

const cases: readonly Case[] = [
  { name: 'token-missing', open: ({ open }) => open({}, {}), act: list },
  { name: 'token-empty', open: withToken(''), act: list },
  { name: 'token-no-token', open: withToken('two words'), act: list },
  { name: 'token-wrong', open: withToken('ghp_wrong'), act: list },
  {
    name: 'token-without-permission',
    tokens,
    open: withToken('reader'),
    act: (forge, subject) => forge.createTag(tag(subject)),
  },
  {
    name: 'token-without-pull-requests',
    tokens,
    open: withToken('writer'),
    act: async (forge) => forge.pullRequests?.propose(proposal),
  },
  {
    name: 'token-without-actions',
    tokens,
    workflows: [{ file: 'e2e.yaml', name: 'e2e', script: () => 'success' }],
    open: withToken('writer'),
    act: async (forge) =>
      forge.workflows?.dispatch({ workflow: 'e2e.yaml', ref: 'main', inputs: {}, key: 'k' }),
  },
  {
    name: 'token-without-sso',
    fault: {
      kind: 'answer',
      status: 403,
      message: 'Resource protected by organization SAML enforcement.',
      headers: { 'x-github-sso': 'required; url=https://github.com/orgs/example/sso' },
    },
    act: list,
  },
  {
    name: 'repository-missing',
    open: ({ open }) => open({ repository: 'example/other' }),
    act: (forge) => forge.findTag('1.2.0'),
  },
  {
    name: 'repository-renamed',
    fault: { kind: 'answer', status: 301, message: 'Moved Permanently' },
    act: (forge) => forge.findTag('1.2.0'),
  },
  {
    name: 'repository-archived',
    fault: { kind: 'answer', status: 403, message: 'Repository was archived so is read-only.' },
    act: list,
  },
  {
    name: 'app-key-unreadable',
    app,
    open: ({ open }) => open({ app: { id: 7, key: 'env:APP_KEY' } }, { APP_KEY: 'no key' }),
    act: list,
  },
  {
    name: 'app-key-of-another',
    app,
    open: ({ open }) => open({ app: { id: 7, key: 'env:APP_KEY' } }, { APP_KEY: pem(otherKey) }),
    act: list,
  },
  {
    name: 'app-not-installed',
    app,
    open: ({ open }) =>
      open({ app: { id: 7, key: 'env:APP_KEY' }, repository: 'example/other' }, { APP_KEY: pem(privateKey) }),
    act: list,
  },
  {
    name: 'rate-limit',
    switches: { rateLimit: { limit: 60, remaining: 0, resetAt: new Date(time + 1_800_000) } },
    act: list,
  },
  { name: 'secondary-limit', fault: { kind: 'secondary limit', retryAfter: 900 }, act: list },
  { name: 'server-down', fault: { kind: 'answer', status: 503, message: 'Unicorn!' }, act: list },
  { name: 'connection-broken', fault: { kind: 'drop' }, act: list },
  {
    name: 'legal-reasons',
    fault: { kind: 'answer', status: 451, message: 'Repository access blocked' },
    act: list,
  },
  {
    name: 'commit-missing',
    act: (forge, subject) => forge.createTag(tag(subject, { commit: 'f'.repeat(40) })),
  },
  {
    name: 'tag-elsewhere',
    prepare: ({ world, head }) => world.tag('1.2.0', head),
    act: async (forge, { world }) =>
      forge.createTag(
        tag({} as GitHubSubject, { commit: await world.commit({ message: 'x', files: { x: 'x' } }) }),
      ),
  },
  { name: 'tag-message-empty', act: (forge, subject) => forge.createTag(tag(subject, { message: ' \n' })) },
  {
    name: 'notes-too-long',
    act: (forge, subject) => forge.createDraft(draft(subject, { notes: 'x'.repeat(125_001) })),
  },
  {
    name: 'draft-with-other-notes',
    prepare: ({ world, head }) =>
      Promise.resolve(world.addRelease('1.2.0', { isDraft: true, target: head, body: 'Other' })),
    act: (forge, subject) => forge.createDraft(draft(subject)),
  },
  { name: 'publish-without-draft', act: (forge) => forge.publish('1.2.0') },
  {
    name: 'publish-without-tag',
    prepare: (subject) => subject.forge.createDraft(draft(subject)),
    act: (forge) => forge.publish('1.2.0'),
  },
  {
    name: 'upload-without-draft',
    act: async (forge, { asset }) => forge.uploadAsset('1.2.0', await asset('a', 'a')),
  },
  {
    name: 'asset-with-other-bytes',
    prepare: async (subject) => {
      await subject.forge.createDraft(draft(subject))
      await subject.forge.uploadAsset('1.2.0', await subject.asset('a', 'one'))
    },
    act: async (forge, { asset }) => forge.uploadAsset('1.2.0', await asset('a', 'two')),
  },
  {
    name: 'asset-source-changed',
    prepare: (subject) => subject.forge.createDraft(draft(subject)),
    act: async (forge, { asset }) => {
      const { digest } = await asset('a', 'one')
      return forge.uploadAsset('1.2.0', { ...(await asset('a', 'two')), digest })
    },
  },
  {
    name: 'asset-missing',
    prepare: (subject) => subject.forge.createDraft(draft(subject)),
    act: (forge) => forge.downloadAsset('1.2.0', 'template.yaml'),
  },
  {
    name: 'workflow-missing',
    act: async (forge) =>
      forge.workflows?.dispatch({ workflow: 'e2e.yaml', ref: 'main', inputs: {}, key: 'k' }),
  },
  {
    name: 'workflow-without-key',
    workflows: [{ file: 'e2e.yaml', name: 'e2e', inputs: ['credentials'], script: () => 'success' }],
    act: async (forge) =>
      forge.workflows?.dispatch({ workflow: 'e2e.yaml', ref: 'main', inputs: {}, key: 'k' }),
  },
  {
    name: 'workflow-without-run-name',
    workflows: [{ file: 'e2e.yaml', name: 'e2e', script: () => 'success' }],
    act: async (forge) =>
      forge.workflows?.dispatch({ workflow: 'e2e.yaml', ref: 'main', inputs: {}, key: 'k' }),
  },
  {
    name: 'branch-with-commits-of-others',
    prepare: ({ world }) => world.commit({ branch: 'bump', message: 'By hand', files: { hand: 'x' } }),
    act: async (forge) => forge.pullRequests?.propose(proposal),
  },
  {
    name: 'base-branch-missing',
    act: async (forge) => forge.pullRequests?.propose({ ...proposal, base: 'release-1.2' }),
  },
]

let running: GitHubSubject | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

describe('what people are told', () => {
  test.each(cases)('$name', async ({ name, fault, open, prepare, act, ...options }) => {
    const subject = await openSubject(options, time)
    running = subject
    await prepare?.(subject)
    subject.switches.fault = () => fault
    const forge = open?.(subject) ?? subject.forge

    const failure = await act(forge, subject).then(
      () => new Error('It did not fail'),
      (error: unknown) => error,
    )

    const text = failureText(failure)
      .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
      .replaceAll(subject.head.slice(0, 12), 'HEAD')
    await expect(text.replaceAll(/not to [0-9a-f]{12}/g, 'not to OTHER')).toMatchFileSnapshot(
      `testdata/errors/github/${name}.txt`,
    )
  })

  test.each([
    ['a page of a proxy', 200, '<html>Sign in</html>', 'text/html'],
    ['JSON of something else', 200, '{"releases":[]}', 'application/json'],
    ['a refusal of a proxy', 407, '<h1>Proxy authentication required</h1>', 'text/html'],
  ])('%s', async (name, status, body, type) => {
    const server = await startScriptedServer(() => ({ status, body, headers: { 'content-type': type } }))
    const subject = await openSubject()
    running = subject
    try {
      const forge = subject.open({ baseUrl: `http://${server.host}` })

      const failure = await forge.listReleases().catch((error: unknown) => error)

      const text = failureText(failure).replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
      await expect(text).toMatchFileSnapshot(`testdata/errors/github/${name.replaceAll(' ', '-')}.txt`)
    } finally {
      await server.close()
    }
  })

  test('a file that is no text', async () => {
    const subject = await openSubject()
    running = subject
    const commit = await subject.world.commit({
      message: 'x',
      files: { logo: new Uint8Array([255, 254, 0]) },
    })

    const failure = await subject.forge.contents?.read('logo', commit).catch((error: unknown) => error)

    await expect(failureText(failure)).toMatchFileSnapshot('testdata/errors/github/contents-not-text.txt')
  })
})
