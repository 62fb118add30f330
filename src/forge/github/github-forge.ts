import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { Forge, ForgeContext } from '../forge.ts'
import type { GeneratedNotes } from '../forge-parts.ts'
import { Assets } from './assets.ts'
import { Connection, type ConnectionOptions, jsonOr, sendWithin } from './connection.ts'
import { listContents, readContents } from './contents.ts'
import { type AskAsApp, appToken, type Credentials, personalToken } from './credentials.ts'
import { answerError } from './errors.ts'
import type { GitHubOptions } from './github.ts'
import { commitsBetween } from './history.ts'
import { bytesOf } from './http.ts'
import { PublishGate, publishRelease } from './publish.ts'
import { pullRequests } from './pull-requests.ts'
import { Releases } from './releases.ts'
import { removal } from './removal.ts'
import { statuses } from './statuses.ts'
import { defaultBranch, Tags } from './tags.ts'
import { workflows } from './workflows.ts'

/** Shared by all who ask one host. */
export type GitHubHost = Pick<ConnectionOptions, 'budget' | 'send' | 'answers' | 'edge'>

export function githubForge(written: GitHubOptions, context: ForgeContext, host: GitHubHost): Forge {
  const connection = connect(written, context, host)
  const tags = new Tags(connection, written.tagger)
  const releases = new Releases(connection, tags)
  const assets = new Assets(connection, releases)
  const gate = new PublishGate()
  return {
    location: `${connection.name} at ${connection.baseUrl.host}`,
    resolve: (revision) => tags.resolve(revision),
    findTag: (name) => tags.find(name),
    listTags: () => tags.list(),
    createTag: (tag) => tags.create(tag),
    findRelease: (tag) => releases.find(tag),
    listReleases: () => releases.list(),
    createDraft: (release) => releases.createDraft(release),
    uploadAsset: (tag, asset) => gate.upload(() => assets.upload(tag, asset)),
    downloadAsset: (tag, name) => assets.download(tag, name),
    publish: (tag) => gate.publish(() => publishRelease(tag, releases, tags, connection)),
    commitsBetween: (from, to) => commitsBetween(from, to, tags, connection),
    pullRequests: pullRequests(connection, tags),
    statuses: statuses(connection),
    workflows: workflows(connection),
    generatedNotes: generatedNotes(connection),
    removal: removal(connection, releases, assets),
    contents: {
      read: (path, commit) => readContents(path, commit, connection),
      list: (commit) => listContents(commit, connection),
    },
    defaultBranch: () => defaultBranch(connection),
  }
}

function generatedNotes(connection: Connection): GeneratedNotes {
  return {
    generate: async ({ tag, commit, previousTag }) => {
      const { body } = await connection.set(
        `writing the notes of "${tag}"`,
        z.object({ body: z.string() }),
        (github) =>
          github.request('POST /repos/{owner}/{repo}/releases/generate-notes', {
            ...connection.repository,
            tag_name: tag,
            target_commitish: commit,
            ...(previousTag !== undefined && { previous_tag_name: previousTag }),
          }),
      )
      return body
    },
  }
}

const neverAborted = new AbortController().signal

function connect(written: GitHubOptions, context: ForgeContext, host: GitHubHost): Connection {
  const [owner = '', repo = ''] = written.repository.split('/')
  const options: ConnectionOptions = {
    baseUrl: new URL(written.baseUrl),
    owner,
    repo,
    ...host,
    signal: context.signal ?? neverAborted,
  }
  return new Connection(options, credentialsOf(written, context, options))
}

function credentialsOf(
  written: GitHubOptions,
  context: ForgeContext,
  options: ConnectionOptions,
): Credentials {
  const { app, token, repository } = written
  if (app === undefined) return personalToken(token ?? 'env:GITHUB_TOKEN', context)
  const base = options.baseUrl.href.replace(/\/$/, '')
  const ask: AskAsApp = async (jwt, { method, path, what }) => {
    const answer = await sendWithin(options, {
      method,
      url: new URL(base + path),
      headers: {
        authorization: `Bearer ${jwt}`,
        accept: 'application/vnd.github+json',
        'user-agent': 'hawser',
      },
    })
    const data = jsonOr((await bytesOf(answer)).toString())
    if (answer.status < 300) return data
    if (answer.status === 404) return undefined
    if (answer.status === 401) throw keyRefused(app.id)
    const { status, headers } = answer
    const purpose = { what, repository, host: options.baseUrl.host, now: options.edge.now() }
    throw answerError({ status, headers, data }, purpose)
  }
  return appToken(app, repository, ask, context, options.edge.now)
}

function keyRefused(id: string): UserError {
  return new UserError('GITHUB_APP_KEY', `GitHub does not accept the private key of the app ${id}.`, {
    hint: 'Compare forge.github.app.id with the app that the key was generated for; the key may be deleted there, or the clock of this machine may be wrong.',
  })
}
