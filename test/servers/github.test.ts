import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, Octokit } from 'octokit'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { mustRun, runCommand } from '../clients/command.ts'
import { chanceFaults } from './github/chance-faults.ts'
import { type GitHubOptions, type GitHubStandIn, startGitHub } from './github/github.ts'
import { startScriptedServer } from './scripted-http.ts'

const running: GitHubStandIn[] = []

afterEach(async () => {
  for (const github of running.splice(0)) await github.close()
})

function client(github: GitHubStandIn, auth?: string) {
  return new Octokit({
    ...(auth === undefined ? {} : { auth }),
    baseUrl: github.baseUrl,
    throttle: { enabled: false },
    retry: { enabled: false },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  })
}

async function started(options: GitHubOptions = {}) {
  const github = await startGitHub({ repository: 'org/project', ...options })
  running.push(github)
  const octokit = client(github, github.token)
  return { github, world: github.world, octokit, rest: octokit.rest, repo: { owner: 'org', repo: 'project' } }
}

type Started = Awaited<ReturnType<typeof started>>

async function draftOf({ rest, repo }: Started, tag = '1.2.0') {
  const { data } = await rest.repos.createRelease({ ...repo, tag_name: tag, draft: true })
  return data
}

function upload({ rest, repo }: Started, release: { id: number; upload_url: string }, name = 'a.yaml') {
  return rest.repos.uploadReleaseAsset({
    ...repo,
    release_id: release.id,
    url: release.upload_url,
    name,
    data: 'kind: Template\n',
    headers: { 'content-type': 'application/yaml' },
  })
}

const status = (code: number) => ({ status: code })

describe('releases', () => {
  test('a draft gets assets and is published with its tag; lookup by tag hides drafts', async () => {
    const all = await started()
    const { rest, repo, world } = all
    const head = await world.git.resolve('main')

    const draft = await draftOf(all)
    const { data: asset } = await upload(all, draft, 'template.yaml')
    await expect(rest.repos.getReleaseByTag({ ...repo, tag: '1.2.0' })).rejects.toMatchObject(status(404))
    const { data: published } = await rest.repos.updateRelease({
      ...repo,
      release_id: draft.id,
      draft: false,
    })

    expect(asset.digest).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(published.assets.map(({ name }) => name)).toEqual(['template.yaml'])
    const { data: tag } = await rest.git.getRef({ ...repo, ref: 'tags/1.2.0' })
    expect(tag.object.sha).toBe(head)
    expect((await rest.repos.getReleaseByTag({ ...repo, tag: '1.2.0' })).data.id).toBe(draft.id)
    expect((await rest.repos.getLatestRelease(repo)).data.id).toBe(draft.id)
  })

  test('two drafts of one tag are no error, and the second publication is', async () => {
    const all = await started()
    const { rest, repo } = all
    const [first, second] = [await draftOf(all), await draftOf(all)]

    await rest.repos.updateRelease({ ...repo, release_id: first.id, draft: false })

    const again = rest.repos.updateRelease({ ...repo, release_id: second.id, draft: false })
    await expect(again).rejects.toMatchObject(status(422))
  })

  test('drafts are only there for writers', async () => {
    const all = await started({ tokens: { reader: { login: 'reader', permissions: { contents: 'read' } } } })
    const { github, repo } = all
    const draft = await draftOf(all)

    for (const { rest } of [client(github, 'reader'), client(github)]) {
      expect((await rest.repos.listReleases(repo)).data).toEqual([])
      await expect(rest.repos.getRelease({ ...repo, release_id: draft.id })).rejects.toMatchObject(
        status(404),
      )
    }
    expect((await all.rest.repos.listReleases(repo)).data).toHaveLength(1)
  })

  test('an asset is read back, by way of another address or not', async () => {
    const all = await started()
    const { rest, repo, github } = all
    const { data: asset } = await upload(all, await draftOf(all))
    const read = () =>
      rest.repos.getReleaseAsset({
        ...repo,
        asset_id: asset.id,
        headers: { accept: 'application/octet-stream' },
      })

    const redirected = await read()
    github.switches.assetRedirects = false
    const direct = await read()

    for (const { data } of [redirected, direct])
      expect(Buffer.from(data as unknown as ArrayBuffer).toString()).toBe('kind: Template\n')
    await expect(upload(all, await draftOf(all, '1.3.0'))).resolves.toMatchObject(status(201))
    const second = upload(all, (await rest.repos.listReleases(repo)).data[1] ?? (await draftOf(all)))
    await expect(second).rejects.toMatchObject(status(422))
  })

  test('an upload that breaks leaves a starter in the way', async () => {
    const all = await started()
    const { rest, repo, github } = all
    const draft = await draftOf(all)
    github.switches.fault = ({ method }) =>
      method === 'POST' ? { kind: 'cut request', bytes: 3 } : undefined

    await expect(upload(all, draft)).rejects.toThrow()

    github.switches.fault = () => undefined
    const { data: assets } = await rest.repos.listReleaseAssets({ ...repo, release_id: draft.id })
    expect(assets.map(({ state, size, digest }) => ({ state, size, digest }))).toEqual([
      { state: 'starter', size: 3, digest: null },
    ])
    await expect(upload(all, draft)).rejects.toMatchObject(status(422))
    await rest.repos.deleteReleaseAsset({ ...repo, asset_id: assets[0]?.id ?? 0 })
    await expect(upload(all, draft)).resolves.toMatchObject(status(201))
  })

  test('a client that is killed within an upload leaves a starter, too', async () => {
    const all = await started()
    const { github, rest, repo } = all
    const draft = await draftOf(all)
    const url = new URL(draft.upload_url.replace(/\{.*/, '?name=a.yaml'))
    const headers = { authorization: `Bearer ${github.token}`, 'content-length': '100' }
    const client = request(url, { method: 'POST', headers })
    client.on('error', () => undefined)
    const arrived = Promise.withResolvers<void>()
    github.switches.fault = ({ path }) => {
      if (path.endsWith('/assets')) arrived.resolve()
      return undefined
    }
    client.write('kind:')
    await arrived.promise

    client.destroy()

    await vi.waitFor(() => expect(github.world.releases[0]?.assets).toHaveLength(1))
    const { data } = await rest.repos.listReleaseAssets({ ...repo, release_id: draft.id })
    expect(data.map(({ state }) => state)).toEqual(['starter'])
  })

  test('immutable releases refuse changes, their tags cannot be moved, and are used up when deleted', async () => {
    const all = await started({ switches: { immutableReleases: true } })
    const { rest, repo, github, world } = all
    const draft = await draftOf(all)
    const { data: asset } = await upload(all, draft)
    const release = { ...repo, release_id: draft.id }

    const { data: published } = await rest.repos.updateRelease({ ...release, draft: false })

    expect(published.immutable).toBe(true)
    const refused = [
      upload(all, draft, 'b.yaml'),
      rest.repos.deleteReleaseAsset({ ...repo, asset_id: asset.id }),
      rest.git.deleteRef({ ...repo, ref: 'tags/1.2.0' }),
      rest.repos.updateRelease({ ...release, tag_name: '1.2.1' }),
    ]
    for (const call of refused) await expect(call).rejects.toMatchObject(status(422))
    const push = await runCommand('git', ['push', github.pushUrl, ':refs/tags/1.2.0'], {
      cwd: world.git.folder,
    })
    expect(push.stderr).toContain('refs/tags/1.2.0 is protected')
    await rest.repos.deleteRelease(release)
    const again = rest.repos.createRelease({ ...repo, tag_name: '1.2.0' })
    await expect(again).rejects.toMatchObject(status(422))
  })

  test('notes are grouped by the file of the repository', async () => {
    const configuration = [
      'changelog:',
      '  exclude: { labels: [skip] }',
      '  categories:',
      '    - { title: New feature, labels: [kind/feature] }',
      '    - { title: Fixed bugs, labels: [kind/bug] }',
    ]
    const { rest, repo, world, github } = await started({
      files: { '.github/release.yml': configuration.join('\n') },
    })
    await world.tag('1.1.0', (await world.git.resolve('main')) ?? '')
    world.addRelease('1.1.0')
    for (const [title, label] of [
      ['Fix it', 'kind/bug'],
      ['Make it', 'kind/feature'],
      ['Hide it', 'skip'],
      ['Do it', 'other'],
    ] as const) {
      const { number } = await world.openPull({ title, labels: [label] })
      await world.merge(number, { method: 'squash' })
    }

    const { data } = await rest.repos.generateReleaseNotes({ ...repo, tag_name: '1.2.0' })

    const url = `${github.origin}/org/project`
    expect(data.body).toBe(
      [
        '<!-- Release notes generated using configuration in .github/release.yml at main -->',
        '',
        "## What's Changed",
        '### New feature',
        `* Make it by @developer in ${url}/pull/2`,
        '### Fixed bugs',
        `* Fix it by @developer in ${url}/pull/1`,
        '### Other Changes',
        `* Do it by @developer in ${url}/pull/4`,
        '',
        `**Full Changelog**: ${url}/compare/1.1.0...1.2.0`,
      ].join('\n'),
    )
  })
})

describe('git', () => {
  test('what is pushed is in the API, and what the API makes can be fetched', async () => {
    const { github, rest, repo } = await started()
    const folder = await mkdtemp(join(tmpdir(), 'hawser-clone-'))
    const git = (...args: string[]) =>
      mustRun('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd: folder })
    await git('clone', '-q', github.gitUrl, '.')
    await git('commit', '-q', '--allow-empty', '-m', 'Second')
    const head = (await git('rev-parse', 'HEAD')).trim()

    await git('push', '-q', github.pushUrl, 'HEAD:main')

    const { data: branch } = await rest.repos.getBranch({ ...repo, branch: 'main' })
    expect(branch.commit.sha).toBe(head)
    const { data: tag } = await rest.git.createTag({
      ...{ ...repo, tag: '1.2.0', message: 'Release', object: head, type: 'commit' },
      tagger: { name: 'A', email: 'a@example.com', date: '2026-01-02T03:04:05Z' },
    })
    await rest.git.createRef({ ...repo, ref: 'refs/tags/1.2.0', sha: tag.sha })
    await git('fetch', '-q', '--tags')
    expect((await git('cat-file', 'tag', '1.2.0')).split('\n')[3]).toBe(
      'tagger A <a@example.com> 1767323045 +0000',
    )
    expect((await rest.git.getTag({ ...repo, tag_sha: tag.sha })).data.object.sha).toBe(head)
    expect(github.events.map(({ name }) => name)).toEqual(expect.arrayContaining(['push', 'create']))
    await rm(folder, { recursive: true })
  })

  test('a push needs a token that may write', async () => {
    const { github, world } = await started({
      tokens: { reader: { login: 'reader', permissions: { contents: 'read' } } },
    })
    const push = (url: string) =>
      runCommand('git', ['push', url, 'main:refs/heads/copy'], {
        cwd: world.git.folder,
        environment: { GIT_TERMINAL_PROMPT: '0' },
      })

    for (const url of [github.gitUrl, github.pushUrl.replace(github.token, 'reader')])
      expect((await push(url)).status).not.toBe(0)
    expect((await push(github.pushUrl)).status).toBe(0)
  })

  test('a reference is made once, moved forward only, and compared', async () => {
    const { rest, repo, world } = await started()
    const first = (await world.git.resolve('main')) ?? ''
    const second = await world.commit({ message: 'Second', files: { 'b.txt': 'b' } })
    await rest.git.createRef({ ...repo, ref: 'refs/heads/next', sha: first })

    const again = rest.git.createRef({ ...repo, ref: 'refs/heads/next', sha: second })
    await expect(again).rejects.toMatchObject({
      message: expect.stringContaining('Reference already exists'),
    })
    await rest.git.updateRef({ ...repo, ref: 'heads/next', sha: second })
    const back = rest.git.updateRef({ ...repo, ref: 'heads/next', sha: first })
    await expect(back).rejects.toMatchObject(status(422))

    const { data } = await rest.repos.compareCommitsWithBasehead({ ...repo, basehead: `${first}...next` })
    expect(data).toMatchObject({ status: 'ahead', ahead_by: 1, commits: [{ sha: second }] })
  })

  test('files are read at a commit and written by commits, never over what was not seen', async () => {
    const { rest, repo, world } = await started()
    const write = (message: string, sha?: string) =>
      rest.repos.createOrUpdateFileContents({
        ...{ ...repo, path: 'docs/a.md', message, content: Buffer.from(message).toString('base64') },
        ...(sha === undefined ? {} : { sha }),
      })

    const { data: made } = await write('one')
    await expect(write('two')).rejects.toMatchObject(status(422))
    await write('two', made.content?.sha)

    const { data } = await rest.repos.getContent({ ...repo, path: 'docs/a.md', ref: made.commit.sha ?? '' })
    expect(data).toMatchObject({ type: 'file', content: Buffer.from('one').toString('base64') })
    expect((await world.git.readFile('main', 'docs/a.md'))?.toString()).toBe('two')
    const missing = rest.repos.getContent({ ...repo, path: 'docs/b.md' })
    await expect(missing).rejects.toMatchObject(status(404))
  })
})

describe('pull requests', () => {
  test('one is proposed by trees and commits, labelled, reviewed and merged; its commits lead back to it', async () => {
    const { github, rest, repo, world } = await started()
    const head = (await world.git.resolve('main')) ?? ''
    const { data: base } = await rest.git.getCommit({ ...repo, commit_sha: head })
    const { data: tree } = await rest.git.createTree({
      ...{ ...repo, base_tree: base.tree.sha },
      tree: [{ path: 'c.yaml', mode: '100644', type: 'blob', content: 'a: 1\n' }],
    })
    const { data: commit } = await rest.git.createCommit({
      ...{ ...repo, message: 'Bump', tree: tree.sha, parents: [head] },
    })
    await rest.git.createRef({ ...repo, ref: 'refs/heads/bump', sha: commit.sha })

    const proposal = { ...repo, title: 'Bump', head: 'bump', base: 'main' }
    const { data: pull } = await rest.pulls.create(proposal)
    await rest.issues.addLabels({ ...repo, issue_number: pull.number, labels: ['kind/enhancement'] })
    await expect(rest.pulls.create(proposal)).rejects.toMatchObject(status(422))
    world.review(pull.number, { author: 'owner', state: 'APPROVED' })
    const merged = await world.merge(pull.number, { method: 'squash' })
    const told = github.events.filter(({ name }) => name === 'pull_request').map(({ payload }) => payload)
    expect(told).toMatchObject([
      { action: 'opened', pull_request: { number: pull.number, title: 'Bump', merged: false } },
      { action: 'labeled', label: { name: 'kind/enhancement' } },
      { action: 'closed', pull_request: { number: pull.number, merged: true, merge_commit_sha: merged } },
    ])

    const of = { ...repo, pull_number: pull.number }
    expect((await rest.pulls.listReviews(of)).data).toMatchObject([
      { state: 'APPROVED', commit_id: commit.sha },
    ])
    expect((await rest.pulls.get(of)).data).toMatchObject({
      ...{ state: 'closed', merged: true, merge_commit_sha: merged },
      labels: [{ name: 'kind/enhancement' }],
    })
    const { data: pulls } = await rest.repos.listPullRequestsAssociatedWithCommit({
      ...repo,
      commit_sha: merged,
    })
    expect(pulls.map(({ number }) => number)).toEqual([pull.number])
    expect((await world.git.readFile('main', 'c.yaml'))?.toString()).toBe('a: 1\n')
  })

  test('one that is closed is not merged, and another of the same branch may follow', async () => {
    const { rest, repo, world } = await started()
    const { number, head } = await world.openPull({ title: 'Change' })

    world.closePull(number)

    const { data } = await rest.pulls.get({ ...repo, pull_number: number })
    expect(data).toMatchObject({ state: 'closed', merged: false, merged_at: null })
    const { data: list } = await rest.pulls.list({ ...repo, head: `org:${head}`, state: 'all' })
    expect(list.map((pull) => pull.number)).toEqual([number])
    const next = await rest.pulls.create({ ...repo, title: 'Change', head, base: 'main' })
    expect(next.status).toBe(201)
  })
})

describe('lists', () => {
  test('the 31st item is on page two', async () => {
    const { octokit, rest, repo, world } = await started()
    for (let number = 1; number <= 31; number += 1) world.addRelease(`1.${number}.0`)

    const { data, headers } = await rest.repos.listReleases(repo)

    expect(data).toHaveLength(30)
    expect(headers.link).toContain('page=2>; rel="next"')
    expect(await octokit.paginate(rest.repos.listReleases, repo)).toHaveLength(31)
  })

  test('something new is in a list only after some reads, when the test says so', async () => {
    const all = await started({ switches: { listLag: 2 } })
    const draft = await draftOf(all)

    const seen = []
    for (let read = 0; read < 3; read += 1)
      seen.push((await all.rest.repos.listReleases(all.repo)).data.length)

    expect(seen).toEqual([0, 0, 1])
    const release = { ...all.repo, release_id: draft.id }
    expect((await all.rest.repos.getRelease(release)).data.id).toBe(draft.id)
  })

  test('an answer that is known already is 304, and does not count', async () => {
    const { rest, repo, github } = await started()
    const { headers } = await rest.repos.get(repo)
    const { remaining } = github.switches.rateLimit

    const again = rest.repos.get({ ...repo, headers: { 'if-none-match': headers.etag ?? '' } })

    await expect(again).rejects.toMatchObject(status(304))
    expect(github.switches.rateLimit.remaining).toBe(remaining)
  })
})

describe('trouble', () => {
  test('requests are dropped, refused, delayed and cut as the test says; what was done is done', async () => {
    const all = await started()
    const { github, world } = all
    const outcomes = []
    for (const fault of [
      { kind: 'drop' },
      { kind: 'lost answer' },
      { kind: 'delay', ms: 1 },
      { kind: 'answer', status: 500 },
      { kind: 'answer', status: 429, headers: { 'retry-after': '1' } },
      { kind: 'secondary limit', retryAfter: 7 },
      { kind: 'bad gateway after success' },
      { kind: 'cut answer', bytes: 10 },
    ] as const) {
      const before = world.releases.length
      github.switches.fault = () => fault
      const code = await draftOf(all).then(
        () => 201,
        (error: { status: number }) => error.status,
      )
      outcomes.push([fault.kind, code, world.releases.length - before])
    }

    expect(outcomes).toEqual([
      ['drop', 500, 0],
      ['lost answer', 500, 1],
      ['delay', 201, 1],
      ['answer', 500, 0],
      ['answer', 429, 0],
      ['secondary limit', 403, 0],
      ['bad gateway after success', 502, 1],
      ['cut answer', 201, 1],
    ])
  })

  test('trouble by chance is the same for the same seed, and lets retries through', async () => {
    const outcomesOf = async (seed: number) => {
      const { github, rest, repo } = await started({
        switches: { fault: chanceFaults({ seed, share: 0.6, kinds: [{ kind: 'answer', status: 500 }] }) },
      })
      for (let call = 0; call < 12; call += 1) await rest.repos.get(repo).catch(() => undefined)
      return github.seen.map((request) => request.status)
    }

    const outcomes = await outcomesOf(1)

    expect(outcomes).toEqual(await outcomesOf(1))
    expect(outcomes).toContain(500)
    expect(outcomes.join(' ')).not.toContain('500 500 500')
  })

  test('only pull requests change a protected branch', async () => {
    const { github, rest, repo, world } = await started()
    const { number, headCommit } = await world.openPull({ title: 'Change' })
    await world.protect('main')

    const update = rest.git.updateRef({ ...repo, ref: 'heads/main', sha: headCommit })
    await expect(update).rejects.toMatchObject(status(422))
    const push = await runCommand('git', ['push', github.pushUrl, `${headCommit}:refs/heads/main`], {
      cwd: world.git.folder,
    })
    expect(push.stderr).toContain('refs/heads/main is protected')
    const { data } = await rest.pulls.merge({ ...repo, pull_number: number, sha: headCommit })
    expect(await world.git.resolve('main')).toBe(data.sha)
  })

  test('a push whose answer is lost has happened', async () => {
    const { github, world } = await started()
    github.switches.fault = ({ operation }) =>
      operation === 'git push' ? { kind: 'lost answer' } : undefined

    const push = await runCommand('git', ['push', github.pushUrl, 'main:refs/tags/1.2.0'], {
      cwd: world.git.folder,
    })

    expect(push.status).not.toBe(0)
    expect(await world.git.resolve('refs/tags/1.2.0')).toBe(await world.git.resolve('main'))
  })

  test('when the limit is used up everything is 403 until it is reset', async () => {
    let now = new Date('2026-01-01T00:00:00Z')
    const { rest, repo, github } = await started({ now: () => now })
    github.switches.rateLimit.remaining = 1

    const { headers } = await rest.repos.get(repo)
    await expect(rest.repos.get(repo)).rejects.toMatchObject(status(403))
    now = new Date(Number(headers['x-ratelimit-reset']) * 1000)

    expect(headers['x-ratelimit-remaining']).toBe('0')
    await expect(rest.repos.get(repo)).resolves.toMatchObject(status(200))
  })

  test('too much at a time, or in a minute, is refused as a secondary limit', async () => {
    let now = new Date('2026-01-01T00:00:00Z')
    const all = await started({ now: () => now, switches: { concurrencyMax: 1, writesPerMinuteMax: 2 } })
    const { github, rest, repo } = all
    const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    github.switches.fault = ({ number }) => {
      // The second one comes when the first one is being worked on.
      if (number === 0) setImmediate(arrived.resolve)
      return number === 0 ? { kind: 'hold', until: released.promise } : undefined
    }
    const first = rest.repos.get(repo)
    await arrived.promise
    await expect(rest.repos.get(repo)).rejects.toMatchObject(status(403))
    released.resolve()
    await expect(first).resolves.toMatchObject(status(200))
    github.switches.concurrencyMax = 9
    await draftOf(all)
    now = new Date('2026-01-01T00:00:20Z')
    await draftOf(all)

    await expect(draftOf(all)).rejects.toMatchObject({
      ...{ status: 403, message: /^You have exceeded a secondary rate limit/ },
      response: { headers: { 'retry-after': '40' } },
    })
    now = new Date('2026-01-01T00:01:01Z')
    await expect(draftOf(all)).resolves.toMatchObject({ draft: true })
  })

  test('an answer that GitHub would not give is found out', async () => {
    const { github, world, rest, repo } = await started()
    world.addRelease('1.0.0', { createdAt: 'yesterday' })

    await rest.repos.listReleases(repo)

    expect(github.violations.splice(0)).toEqual([
      expect.stringMatching(/^answer GET .*\/releases: \/0\/created_at must match format "date-time"/),
    ])
  })

  test('tokens are refused in the words of GitHub', async () => {
    const { github, repo } = await started({
      isPrivate: true,
      tokens: { reader: { login: 'reader', permissions: { contents: 'read' } } },
    })
    const create = (token?: string) =>
      client(github, token).rest.repos.createRelease({ ...repo, tag_name: '1.2.0' })

    await expect(create('wrong')).rejects.toMatchObject({ status: 401, message: /^Bad credentials/ })
    await expect(create('reader')).rejects.toMatchObject({
      status: 403,
      message: /^Resource not accessible by personal access token/,
      response: { headers: { 'x-accepted-github-permissions': 'contents=write' } },
    })
    await expect(create()).rejects.toMatchObject(status(404))
    const other = client(github, github.token).rest.repos.get({ owner: 'org', repo: 'other' })
    await expect(other).rejects.toMatchObject(status(404))
  })

  test('a request that the description does not know is refused and remembered', async () => {
    const { octokit, repo, github } = await started()

    const wrong = octokit.request('POST /repos/{owner}/{repo}/releases', {
      ...repo,
      tag_name: '1.2.0',
      draft: 'yes' as unknown as boolean,
      drafft: true,
    })

    await expect(wrong).rejects.toMatchObject(status(422))
    expect(github.violations.splice(0)).toEqual([
      'request POST /repos/{owner}/{repo}/releases: /drafft is not known',
      expect.stringContaining('/draft must be boolean'),
    ])
  })
})

describe('builds', () => {
  test('statuses and check runs are listed, the newest of each', async () => {
    const { rest, repo, world } = await started()
    const ref = (await world.git.resolve('main')) ?? ''
    await rest.repos.createCommitStatus({ ...repo, sha: ref, state: 'pending', context: 'build' })
    world.setStatus({ commit: ref, context: 'build', state: 'success' })
    world.addCheckRun({ commit: ref, name: 'unit', status: 'completed', conclusion: 'failure' })

    const { data: combined } = await rest.repos.getCombinedStatusForRef({ ...repo, ref })
    const { data: all } = await rest.repos.listCommitStatusesForRef({ ...repo, ref })
    const { data: checks } = await rest.checks.listForRef({ ...repo, ref })

    expect(combined).toMatchObject({ state: 'success', statuses: [{ context: 'build', state: 'success' }] })
    expect(all.map(({ state }) => state)).toEqual(['success', 'pending'])
    expect(checks.check_runs).toMatchObject([{ name: 'unit', conclusion: 'failure', head_sha: ref }])
    const check = await rest.checks.create({ ...repo, name: 'e2e', head_sha: ref, status: 'in_progress' })
    const done = { ...repo, check_run_id: check.data.id, conclusion: 'success' } as const
    expect((await rest.checks.update(done)).data.status).toBe('completed')
  })

  test('a dispatched workflow runs its script; its log and its artifacts can be fetched', async () => {
    const ended = Promise.withResolvers<void>()
    const { rest, repo, github } = await started({
      workflows: [
        {
          ...{ file: 'e2e.yaml', name: 'E2E', inputs: ['credentials'] },
          runName: ({ credentials }) => `E2E with ${credentials}`,
          script: (run) => {
            run.log('it works')
            run.artifact('report', { 'report.txt': `on ${run.branch}\n` })
            return 'success'
          },
        },
      ],
    })
    github.on(({ payload }) => (payload['action'] === 'completed' ? ended.resolve() : undefined))
    const e2e = { ...repo, workflow_id: 'e2e.yaml' }
    await rest.actions.createWorkflowDispatch({ ...e2e, ref: 'main', inputs: { credentials: 'dummy' } })
    await ended.promise

    const { data: list } = await rest.actions.listWorkflowRuns(e2e)
    const run_id = list.workflow_runs[0]?.id ?? 0
    expect(list.workflow_runs).toMatchObject([{ display_title: 'E2E with dummy', conclusion: 'success' }])
    const { data: jobs } = await rest.actions.listJobsForWorkflowRun({ ...repo, run_id })
    const job = await rest.actions.downloadJobLogsForWorkflowRun({ ...repo, job_id: jobs.jobs[0]?.id ?? 0 })
    expect(job.data).toContain('it works')
    const { data: artifacts } = await rest.actions.listWorkflowRunArtifacts({ ...repo, run_id })
    const archive = await rest.actions.downloadArtifact({
      ...{ ...repo, artifact_id: artifacts.artifacts[0]?.id ?? 0, archive_format: 'zip' },
    })
    expect(Buffer.from(archive.data as ArrayBuffer).toString('latin1')).toContain('on main\n')
    const wrong = { ...e2e, ref: 'main', inputs: { password: 'x' } }
    await expect(rest.actions.createWorkflowDispatch(wrong)).rejects.toMatchObject(status(422))
  })

  test('a run is cancelled once, and can be run again', async () => {
    const attempts: number[] = []
    const begun = Promise.withResolvers<void>()
    const again = Promise.withResolvers<void>()
    const { rest, repo, world } = await started({
      workflows: [
        {
          ...{ file: 'slow.yaml', name: 'Slow' },
          script: ({ attempt, signal }) => {
            attempts.push(attempt)
            if (attempt === 2) again.resolve()
            if (attempt === 2) return 'success'
            begun.resolve()
            return new Promise((resolve) => signal.addEventListener('abort', () => resolve('failure')))
          },
        },
      ],
    })
    await rest.actions.createWorkflowDispatch({ ...repo, workflow_id: 'slow.yaml', ref: 'main' })
    await begun.promise
    const run = { ...repo, run_id: world.runs[0]?.id ?? 0 }

    await rest.actions.cancelWorkflowRun(run)

    expect((await rest.actions.getWorkflowRun(run)).data.conclusion).toBe('cancelled')
    await expect(rest.actions.cancelWorkflowRun(run)).rejects.toMatchObject(status(409))
    await rest.actions.reRunWorkflow(run)
    await again.promise
    expect(attempts).toEqual([1, 2])
    expect((await rest.actions.getWorkflowRun(run)).data.run_attempt).toBe(2)
  })
})

test('an app gets a token for its installation, with its permissions and no others', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const { github, repo } = await started({
    app: { id: 7, installation: 70, slug: 'releaser', publicKey, permissions: { contents: 'write' } },
  })
  const app = new App({ appId: 7, privateKey, Octokit: Octokit.defaults({ baseUrl: github.baseUrl }) })

  const { data: found } = await app.octokit.rest.apps.getRepoInstallation(repo)
  const octokit = await app.getInstallationOctokit(found.id)
  const { data: draft } = await octokit.rest.repos.createRelease({ ...repo, tag_name: '1.2.0', draft: true })

  expect(draft.author.login).toBe('releaser[bot]')
  const issue = octokit.rest.issues.createLabel({ ...repo, name: 'kind/bug' })
  await expect(issue).rejects.toMatchObject({ status: 403, message: /by integration/ })
  const stranger = new App({ appId: 8, privateKey, Octokit: Octokit.defaults({ baseUrl: github.baseUrl }) })
  await expect(stranger.octokit.rest.apps.getAuthenticated()).rejects.toMatchObject(status(404))
})

test('webhooks are told, with a signature', async () => {
  const receiver = await startScriptedServer(() => ({ status: 200 }))
  const all = await started({ webhook: { url: `http://${receiver.host}/hook`, secret: 'shared' } })
  await draftOf(all)
  for (const github of running.splice(0)) await github.close()

  expect(receiver.seen.map(({ headers }) => headers['x-github-event'])).toContain('release')
  expect(receiver.seen[0]?.headers['x-hub-signature-256']).toMatch(/^sha256=[0-9a-f]{64}$/)
  await receiver.close()
})
