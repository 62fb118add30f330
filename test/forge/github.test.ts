import { generateKeyPairSync } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { Refusal, UserError } from '../../src/errors.ts'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import { openpgpSigner } from '../../src/signing/openpgp/signer.ts'
import { allPermissions } from '../servers/github/access.ts'
import type { GitHubOptions } from '../servers/github/github.ts'
import { Gpg, output } from '../signing/gpg.ts'
import { type GitHubSubject, openSubject, tagDate } from './github-subject.ts'

let opened: GitHubSubject[] = []
afterEach(async () => {
  const closing = opened
  opened = []
  for (const subject of closing) await subject.close()
})

async function start(options: GitHubOptions = {}): Promise<GitHubSubject> {
  const subject = await openSubject(options)
  opened.push(subject)
  return subject
}

function parts({ forge }: GitHubSubject) {
  const { pullRequests, statuses, workflows, generatedNotes, removal, contents } = forge
  if (!pullRequests || !statuses || !workflows || !generatedNotes || !removal || !contents)
    throw new Error('GitHub has all parts')
  return { pullRequests, statuses, workflows, generatedNotes, removal, contents }
}

const file = 'sec-scanners-config.yaml'
const proposal = (content = 'rc-tag: 1.2.0\n') => ({
  branch: 'bump-1.2.0',
  base: 'main',
  files: { [file]: content },
  message: 'Bump to 1.2.0',
  title: 'Bump sec-scanners-config.yaml to 1.2.0',
  body: 'By Hawser.',
  labels: ['kind/enhancement'],
})

describe('pull requests', () => {
  test('the same proposal again is the same pull request, and nothing is pushed', async () => {
    const subject = await start()
    const { pullRequests } = parts(subject)

    const made = await pullRequests.propose(proposal())

    expect(made).toMatchObject({
      number: 1,
      state: 'open',
      branch: 'bump-1.2.0',
      base: 'main',
      mergeCommit: undefined,
    })
    expect(await parts(subject).contents.read(file, made.headCommit)).toBe('rc-tag: 1.2.0\n')
    expect(await pullRequests.propose(proposal())).toEqual(made)
    expect(await pullRequests.fromBranch('bump-1.2.0')).toEqual(made)
    expect(await pullRequests.find(1)).toEqual(made)
    expect(await pullRequests.find(2)).toBeUndefined()
  })

  test('other content updates the open one, from the base as it is now', async () => {
    const subject = await start()
    const { pullRequests } = parts(subject)
    const before = await pullRequests.propose(proposal())
    const base = await subject.world.commit({ message: 'Meanwhile', files: { other: 'x' } })

    const after = await pullRequests.propose({ ...proposal('rc-tag: 1.2.1\n'), title: 'Another title' })

    expect(after).toMatchObject({ number: before.number, title: 'Another title' })
    expect((await subject.world.git.commit(after.headCommit)).parents).toEqual([base])
  })

  test("people's commits on the branch are never overwritten", async () => {
    const subject = await start()
    const { pullRequests } = parts(subject)
    await pullRequests.propose(proposal())
    const theirs = await subject.world.commit({
      branch: 'bump-1.2.0',
      message: 'By hand',
      files: { hand: 'x' },
    })

    await expect(pullRequests.propose(proposal('rc-tag: 1.2.1\n'))).rejects.toThrow(Refusal)
    expect(await subject.forge.resolve('refs/heads/bump-1.2.0')).toBe(theirs)
  })

  test('closed is not merged; a new proposal after that is a new pull request', async () => {
    const subject = await start()
    const { pullRequests } = parts(subject)
    const { number } = await pullRequests.propose(proposal())
    subject.world.closePull(number)

    expect(await pullRequests.find(number)).toMatchObject({ state: 'closed', mergeCommit: undefined })
    expect(await pullRequests.propose(proposal())).toMatchObject({ number: number + 1, state: 'open' })
  })

  test.each(['merge', 'squash'] as const)(
    'after a %s the commit on the base is known, and proposing again has nothing to do',
    async (method) => {
      const subject = await start()
      const { pullRequests } = parts(subject)
      const { number } = await pullRequests.propose(proposal())

      const commit = await subject.world.merge(number, { method })

      expect(await pullRequests.find(number)).toMatchObject({ state: 'merged', mergeCommit: commit })
      expect(await pullRequests.ofCommit(commit)).toMatchObject([{ number, labels: ['kind/enhancement'] }])
      expect(await subject.forge.resolve('main')).toBe(commit)
      await expect(pullRequests.propose(proposal())).rejects.toThrow(/already as it is to be/)
    },
  )

  test('a commit that was pushed has no pull request; an open one has not brought anything', async () => {
    const subject = await start()
    const { number } = await parts(subject).pullRequests.propose(proposal())
    const open = await parts(subject).pullRequests.find(number)

    expect(await parts(subject).pullRequests.ofCommit(subject.head)).toEqual([])
    expect(await parts(subject).pullRequests.ofCommit(open?.headCommit ?? '')).toEqual([])
  })

  test('reviews say who, what, and of which commit', async () => {
    const subject = await start()
    const { pullRequests } = parts(subject)
    const { number, headCommit } = await pullRequests.propose(proposal())
    subject.world.review(number, { author: 'ann', state: 'CHANGES_REQUESTED' })
    subject.world.review(number, { author: 'ann', state: 'APPROVED' })

    expect(await pullRequests.reviews(number)).toMatchObject([
      { author: 'ann', state: 'changes requested', commit: headCommit },
      { author: 'ann', state: 'approved', commit: headCommit },
    ])
  })

  test('code owners are those of the last rule that matches', async () => {
    const owners = '# all\n* @org/everybody\n*.yaml @ann # config\n/docs/ @doc\n/docs/free\n'
    const { pullRequests } = parts(await start({ files: { '.github/CODEOWNERS': owners } }))

    expect(await pullRequests.codeOwners(['a.go'], 'main')).toEqual(['@org/everybody'])
    expect(await pullRequests.codeOwners([file, 'docs/x.md'], 'main')).toEqual(['@ann', '@doc'])
    expect(await pullRequests.codeOwners(['docs/free'], 'main')).toEqual([])
  })
})

describe('statuses', () => {
  test('the newest of each context counts, of statuses and of check runs', async () => {
    const subject = await start()
    const { statuses } = parts(subject)
    const commit = subject.head
    subject.world.setStatus({ commit, context: 'build', state: 'failure' })
    subject.world.addCheckRun({ commit, name: 'unit', status: 'completed', conclusion: 'timed_out' })
    subject.world.addCheckRun({ commit, name: 'lint', status: 'in_progress' })

    await statuses.report(commit, {
      context: 'build',
      state: 'success',
      description: 'x'.repeat(200),
      url: undefined,
    })

    const states = (await statuses.ofCommit(commit)).map(({ context, state }) => [context, state])
    expect(Object.fromEntries(states)).toEqual({ build: 'success', unit: 'failure', lint: 'pending' })
  })
})

describe('workflows', () => {
  const inputs = ['credentials', 'hawser_key']
  const runName = ({ hawser_key: key }: { readonly [name: string]: string }) => `e2e ${key}`

  test('one key starts one run, which is found again, and has a log', async () => {
    const script = (run: { log(line: string): void }) => {
      run.log('tested')
      return 'success' as const
    }
    const subject = await start({ workflows: [{ file: 'e2e.yaml', name: 'e2e', inputs, runName, script }] })
    const { workflows } = parts(subject)
    const request = { workflow: 'e2e.yaml', ref: 'main', inputs: { credentials: 'dummy' }, key: 'run-1' }

    const [started, other] = [
      await workflows.dispatch(request),
      await workflows.dispatch({ ...request, key: 'run-10' }),
    ]
    const again = await workflows.dispatch(request)

    expect(again.id).toBe(started.id)
    expect(other.id).not.toBe(started.id)
    expect(subject.world.runs).toHaveLength(2)
    await expect.poll(async () => (await workflows.find(started.id))?.state).toBe('succeeded')
    const log: Uint8Array[] = []
    for await (const chunk of await workflows.logs(started.id)) log.push(chunk)
    expect(Buffer.concat(log).toString()).toContain('tested')
    await workflows.cancel(started.id)
    expect((await workflows.find(started.id))?.state).toBe('succeeded')
  })

  test('a run is cancelled', async () => {
    const script = ({ signal }: { signal: AbortSignal }) =>
      new Promise<'failure'>((resolve) => signal.addEventListener('abort', () => resolve('failure')))
    const subject = await start({ workflows: [{ file: 'e2e.yaml', name: 'e2e', inputs, runName, script }] })
    const { workflows } = parts(subject)
    const run = await workflows.dispatch({ workflow: 'e2e.yaml', ref: 'main', inputs: {}, key: 'k' })

    await workflows.cancel(run.id)

    await expect.poll(async () => (await workflows.find(run.id))?.state).toBe('cancelled')
  })

  test('a lost answer to the start does not start it twice', async () => {
    const subject = await start({
      workflows: [{ file: 'e2e.yaml', name: 'e2e', inputs, runName, script: () => 'success' }],
    })
    let isLost = false
    subject.switches.fault = ({ method, path }) => {
      if (isLost || method !== 'POST' || !path.endsWith('/dispatches')) return undefined
      isLost = true
      return { kind: 'lost answer' }
    }

    await parts(subject).workflows.dispatch({ workflow: 'e2e.yaml', ref: 'main', inputs: {}, key: 'k' })

    expect(subject.world.runs).toHaveLength(1)
  })
})

describe('releases', () => {
  const draft = (subject: GitHubSubject) => ({
    tag: '1.2.0',
    name: '1.2.0',
    notes: 'N',
    commit: subject.head,
    isPrerelease: false,
  })

  test('a signed tag is the object that was signed, so that git verifies it', async () => {
    const subject = await start()
    const date = new Date('2024-01-01')
    const key = await generateKey({ userId: 'R <r@example.org>', algorithm: 'ed25519', date })
    const signer = await openpgpSigner({ key: key.privateKeyArmored, now: tagDate })

    const tag = { name: '1.2.0', commit: subject.head, message: 'Release 1.2.0', date: tagDate, signer }
    expect(await subject.forge.createTag(tag)).toMatchObject({
      name: '1.2.0',
      commit: subject.head,
      annotated: true,
      signed: true,
    })
    expect(await subject.forge.createTag(tag)).toMatchObject({ signed: true })

    const gpg = await Gpg.create()
    await gpg.run(['--import', await gpg.file('public.asc', key.publicKeyArmored)])
    const wrapper = await gpg.file('gpg', `#!/bin/sh\nexec gpg --homedir ${gpg.folder} "$@"\n`)
    await chmod(wrapper, 0o755)
    const { folder } = subject.world.git
    const verified = await output('git', [
      '-C',
      folder,
      '-c',
      `gpg.program=${wrapper}`,
      'verify-tag',
      '-v',
      '1.2.0',
    ])
    expect(verified).toContain('Good signature from "R <r@example.org>"')
    await gpg.remove()
  })

  test('a commit is found by the beginning of its id', async () => {
    const { forge, head } = await start()

    expect(await forge.resolve(head.slice(0, 10))).toBe(head)
    expect(await forge.resolve('0000000')).toBeUndefined()
    expect(await forge.resolve('HEAD')).toBe(head)
  })

  test('names that GitHub changes come back as they were', async () => {
    const subject = await start()
    await subject.forge.createDraft(draft(subject))
    const asset = await subject.asset('tool_1.2.0~rc1+b 1.deb', 'x')

    await subject.forge.uploadAsset('1.2.0', asset)

    expect(subject.world.releases[0]?.assets[0]?.name).toBe('tool_1.2.0.rc1+b.1.deb')
    expect((await subject.forge.findRelease('1.2.0'))?.assets).toMatchObject([{ name: asset.name }])
  })

  test('an immutable release says so, and nothing of it is removed', async () => {
    const subject = await start({ switches: { immutableReleases: true } })
    const { removal } = parts(subject)
    await subject.forge.createTag({ name: '1.2.0', commit: subject.head, message: 'm', date: tagDate })
    await subject.forge.createDraft(draft(subject))
    await subject.forge.uploadAsset('1.2.0', await subject.asset('a', 'a'))

    const published = await subject.forge.publish('1.2.0')

    expect(published).toMatchObject({ isImmutable: true, state: 'published' })
    expect(published.publishedAt).toBeInstanceOf(Date)
    await expect(removal.deleteRelease('1.2.0')).rejects.toThrow(Refusal)
    await expect(removal.deleteTag('1.2.0')).rejects.toThrow(Refusal)
    await expect(removal.deleteAsset('1.2.0', 'a')).rejects.toThrow(Refusal)
  })

  test('a draft is removed with its assets and its tag, and again', async () => {
    const subject = await start()
    const { removal } = parts(subject)
    await subject.forge.createTag({ name: '1.2.0', commit: subject.head, message: 'm', date: tagDate })
    await subject.forge.createDraft(draft(subject))
    await subject.forge.uploadAsset('1.2.0', await subject.asset('a', 'a'))

    for (const _ of [1, 2]) {
      await removal.deleteAsset('1.2.0', 'a')
      await removal.deleteRelease('1.2.0')
      await removal.deleteTag('1.2.0')
    }

    expect(await subject.forge.findRelease('1.2.0')).toBeUndefined()
    expect(await subject.forge.findTag('1.2.0')).toBeUndefined()
  })

  test('notes are generated from pull requests', async () => {
    const subject = await start()
    const pull = await subject.world.openPull({ title: 'Add a thing', labels: ['kind/feature'] })
    const commit = await subject.world.merge(pull.number)

    const notes = await parts(subject).generatedNotes.generate({
      tag: '1.2.0',
      commit,
      previousTag: undefined,
    })

    expect(notes).toContain('Add a thing')
  })

  test('contents are of the commit; what is not there, or is a folder, is undefined', async () => {
    const subject = await start({ files: { 'a/b.txt': 'größer\n' } })
    const { contents } = parts(subject)
    const next = await subject.world.commit({ message: 'x', files: { 'a/b.txt': 'new' } })

    expect(await contents.read('a/b.txt', subject.head)).toBe('größer\n')
    expect(await contents.read('a/b.txt', next)).toBe('new')
    expect(await contents.read('a', next)).toBeUndefined()
    expect(await contents.read('a/c.txt', next)).toBeUndefined()
    expect(await subject.forge.defaultBranch?.()).toBe('main')
  })
})

describe('files of a commit', () => {
  const files = { 'a/b.txt': '1', 'a/c/d.txt': '2', 'e.txt': '3', 'größe.md': '4' }

  test('all regular files are listed, however many come in one answer', async () => {
    const subject = await start({ files })
    const list = () => parts(subject).contents.list(subject.head)

    const whole = await list()
    subject.switches.treeEntriesMax = 3

    expect(whole).toEqual(expect.arrayContaining(Object.keys(files)))
    expect((await list())?.toSorted()).toEqual(whole?.toSorted())
  })
})

describe('a branch that other people commit to', () => {
  test('gets the change on top of theirs', async () => {
    const subject = await start({ files: { 'other.txt': 'old' } })
    const { pullRequests, contents } = parts(subject)
    const { headCommit: ours } = await pullRequests.propose(proposal())
    const theirs = await subject.world.commit({
      message: 'x',
      files: { 'other.txt': 'new' },
      branch: 'bump-1.2.0',
    })
    const content = 'rc-tag: 1.3.0\n'
    const asked: string[] = []
    const onTop = async (head: string) => {
      asked.push(head)
      return { [file]: content }
    }

    const pull = await pullRequests.propose({ ...proposal(content), onTop })

    expect(await contents.read('other.txt', pull.headCommit)).toBe('new')
    expect(await contents.read(file, pull.headCommit)).toBe(content)
    expect((await subject.forge.commitsBetween(subject.head, pull.headCommit)).map(({ id }) => id)).toEqual([
      pull.headCommit,
      theirs,
      ours,
    ])
    const again = await pullRequests.propose({ ...proposal(content), onTop })
    expect(asked).toEqual([theirs, pull.headCommit])
    expect(again.headCommit).toBe(pull.headCommit)
  })

  test('is looked at again when somebody pushed meanwhile', async () => {
    const subject = await start()
    const { pullRequests } = parts(subject)
    await pullRequests.propose(proposal())
    const push = (text: string) =>
      subject.world.commit({ message: 'x', files: { 'other.txt': text }, branch: 'bump-1.2.0' })
    await push('one')
    const content = 'rc-tag: 1.3.0\n'

    const late = pullRequests.propose({
      ...proposal(content),
      onTop: async () => {
        await push('two')
        return { [file]: content }
      },
    })

    await expect(late).rejects.toMatchObject({ name: 'TransientError', code: 'GITHUB_BRANCH_MOVED' })
  })
})

describe('who we are', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
  const app = {
    id: 7,
    installation: 11,
    slug: 'hawser',
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    permissions: allPermissions,
  }

  test('an app acts with tokens that are renewed before they end, and masked', async () => {
    let time = Date.now()
    const subject = await start({ app, now: () => new Date(time) })
    const forge = subject.open({ app: { id: 7, key: 'env:APP_KEY' } }, { APP_KEY: key })

    await forge.listReleases()
    time += 58 * 60_000
    await forge.createTag({ name: '1.2.0', commit: subject.head, message: 'm', date: tagDate })

    const asked = subject.seen.filter(({ path }) => path.endsWith('/access_tokens'))
    expect(asked).toHaveLength(2)
    expect(subject.masked).toContain(key)
    const tokens = subject.seen.map(({ headers }) => headers.authorization?.replace(/^Bearer /, '') ?? '')
    for (const token of tokens) expect(token === '' || subject.masked.includes(token)).toBe(true)
  })

  test('the token is masked, and does not go to where assets are stored', async () => {
    const subject = await start()
    await subject.forge.createDraft({
      tag: '1.2.0',
      name: '1',
      notes: '',
      commit: subject.head,
      isPrerelease: false,
    })
    await subject.forge.uploadAsset('1.2.0', await subject.asset('a', 'content'))

    for await (const _ of await subject.forge.downloadAsset('1.2.0', 'a'));

    expect(subject.masked).toContain(subject.token)
    // The storage refuses a token beside its own signature.
    expect(subject.world.releases[0]?.assets[0]?.downloads).toBe(1)
  })

  test('a writer sees drafts; a reader is told that there is none', async () => {
    const subject = await start({
      tokens: { reader: { login: 'reader', permissions: { contents: 'read' } } },
    })
    await subject.forge.createDraft({
      tag: '1.2.0',
      name: '1',
      notes: '',
      commit: subject.head,
      isPrerelease: false,
    })
    const reader = subject.open({}, { GITHUB_TOKEN: 'reader' })

    expect(await reader.findRelease('1.2.0')).toBeUndefined()
    await expect(reader.publish('1.2.0')).rejects.toThrow(UserError)
  })
})
