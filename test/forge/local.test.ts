import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import type { Forge, NewRelease } from '../../src/forge/forge.ts'
import { local } from '../../src/forge/local/local.ts'
import { digestOf } from '../../src/lib/digest.ts'
import { runGit } from '../../src/lib/git.ts'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import { openpgpSigner } from '../../src/signing/openpgp/signer.ts'
import { Gpg, output } from '../signing/gpg.ts'
import { type TestRepository, testRepository } from './repository.ts'

const date = new Date('2024-05-01T00:00:00Z')

let repository: TestRepository
beforeEach(async () => {
  repository = await testRepository()
})
afterEach(() => repository.remove())

function open(written: Parameters<typeof local.options.parse>[0] = {}): Forge {
  const { root, environment } = repository
  return local.create(local.options.parse(written), { root, environment })
}

const newTag = (commit: string, name = 'v1.0.0') => ({ name, commit, message: 'Release 1.0.0', date })

const draftOf = (): NewRelease => ({
  tag: 'v1.0.0',
  name: 'One',
  notes: 'Notes',
  commit: repository.commits[1],
  isPrerelease: false,
})

async function assetOf(name: string, content: string) {
  const file = join(repository.folder, `built-${name}`)
  await writeFile(file, content)
  return { name, file, digest: digestOf(content) }
}

describe('tags in git', () => {
  test('a tag object depends on nothing but its arguments and the commit', async () => {
    const [, commit] = repository.commits
    await open().createTag(newTag(commit))

    const object = await repository.git('cat-file', 'tag', 'v1.0.0')

    expect(object).toBe(
      [
        `object ${commit}`,
        'type commit',
        'tag v1.0.0',
        'tagger Carl Committer <carl@example.org> 1714521600 +0000',
        '',
        'Release 1.0.0',
      ].join('\n'),
    )
    expect(await repository.git('fsck', '--strict', '--no-dangling')).toBe('')
  })

  test('the tagger is whom the options name, else whom git knows', async () => {
    const [first, second] = repository.commits
    await repository.git('config', 'user.name', 'Git User')
    await repository.git('config', 'user.email', 'git@example.org')

    await open().createTag(newTag(first, 'a'))
    await open({ tagger: 'Release Bot <bot@example.org>' }).createTag(newTag(second, 'b'))

    const taggers = await repository.git('for-each-ref', '--format=%(taggername) %(taggeremail)', 'refs/tags')
    expect(taggers).toBe('Git User <git@example.org>\nRelease Bot <bot@example.org>')
  })

  test('tags that people made are understood: light, annotated, of a tag, of a file', async () => {
    const [first, second] = repository.commits
    const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.org']
    await repository.git('tag', 'light', first)
    await repository.git(...identity, 'tag', '-a', '-m', 'x', 'inner', second)
    await repository.git(...identity, 'tag', '-a', '-m', 'x', 'outer', 'inner')
    await repository.git('tag', 'of-a-file', 'HEAD:file')
    await repository.git('tag', 'light/below', first).catch(() => undefined)

    expect(await open().listTags()).toEqual([
      { name: 'inner', commit: second, annotated: true, signed: false, date: expect.any(Date) },
      { name: 'light', commit: first, annotated: false, signed: false },
      { name: 'outer', commit: second, annotated: true, signed: false, date: expect.any(Date) },
    ])
    expect(await open().findTag('of-a-file')).toBeUndefined()
  })

  test('a signed tag satisfies "git verify-tag"', async () => {
    const gpg = await Gpg.create()
    const key = await generateKey({
      userId: 'R <r@example.org>',
      algorithm: 'ed25519',
      date: new Date('2024-01-01'),
    })
    const { root, environment, commits } = repository
    const forge = local.create(local.options.parse({}), { root, environment })
    const signer = await openpgpSigner({ key: key.privateKeyArmored, now: date })

    const created = await forge.createTag({ ...newTag(commits[1]), signer })

    expect(created.signed).toBe(true)
    await gpg.run(['--import', await gpg.file('public.asc', key.publicKeyArmored)])
    const wrapper = await gpg.file('gpg', `#!/bin/sh\nexec gpg --homedir ${gpg.folder} "$@"\n`)
    await chmod(wrapper, 0o755)
    const verified = await output('git', [
      '-C',
      root,
      '-c',
      `gpg.program=${wrapper}`,
      'verify-tag',
      '-v',
      'v1.0.0',
    ])
    expect(verified).toContain('Good signature from "R <r@example.org>"')
    expect(await repository.git('fsck', '--strict', '--no-dangling')).toBe('')
    await gpg.remove()
  })
})

describe('a remote', () => {
  let remote: string
  beforeEach(async () => {
    remote = join(repository.folder, 'remote.git')
    await repository.git('init', '--quiet', '--bare', remote)
    await repository.git('remote', 'add', 'origin', remote)
  })

  test('gets the tag, and tells that it has it', async () => {
    const forge = open({ remote: 'origin' })
    const created = await forge.createTag(newTag(repository.commits[1]))

    expect(await forge.findTag('v1.0.0')).toEqual(created)
    expect(await forge.listTags()).toEqual([created])
    expect(await repository.git('--git-dir', remote, 'rev-parse', 'v1.0.0^{commit}')).toBe(
      repository.commits[1],
    )
  })

  test('gets a tag that a run before made here and did not push', async () => {
    await open().createTag(newTag(repository.commits[1]))
    const forge = open({ remote: 'origin' })
    expect(await forge.findTag('v1.0.0')).toBeUndefined()

    await forge.createTag(newTag(repository.commits[1]))

    expect((await forge.findTag('v1.0.0'))?.commit).toBe(repository.commits[1])
  })

  test('that cannot be reached is an error: unknown is not absent', async () => {
    await repository.git('remote', 'set-url', 'origin', 'http://127.0.0.1:1/x.git')

    await expect(open({ remote: 'origin' }).findTag('v1.0.0')).rejects.toMatchObject({
      name: 'TransientError',
    })
  })

  test('with the tag at another commit refuses', async () => {
    await repository.git('push', '--quiet', 'origin', `${repository.commits[0]}:refs/tags/v1.0.0`)

    await expectFailure(
      'tag-on-remote-elsewhere',
      open({ remote: 'origin' }).createTag(newTag(repository.commits[1])),
    )
  })
})

describe('the folder of releases', () => {
  test('holds plain files under their names, read-only, and nothing else after publishing', async () => {
    const forge = open()
    await forge.createTag(newTag(repository.commits[1]))
    await forge.createDraft(draftOf())
    await forge.uploadAsset('v1.0.0', await assetOf('tool.deb', 'content'))
    await forge.publish('v1.0.0')

    const folder = join(repository.root, '.hawser/releases/v1.0.0')
    expect((await readdir(folder, { recursive: true })).sort()).toEqual([
      'assets',
      'assets/tool.deb',
      'draft.json',
      'release.json',
    ])
    expect(JSON.parse(await readFile(join(folder, 'release.json'), 'utf8'))).toEqual({
      ...draftOf(),
      assets: [{ name: 'tool.deb', sizeBytes: 7, digest: digestOf('content') }],
    })
  })

  test('lists no release where a draft was killed before it was one', async () => {
    await mkdir(join(repository.root, '.hawser/releases/v0.9.0/assets'), { recursive: true })

    expect(await open().listReleases()).toEqual([])
    expect(await open().findRelease('v0.9.0')).toBeUndefined()
  })

  test('tells what a killed publisher left, and loses it when the release is published again', async () => {
    const forge = open()
    await forge.createTag(newTag(repository.commits[1]))
    const release = await forge.createDraft(draftOf())
    expect(await forge.isTidy?.('v1.0.0')).toBe(true)
    await forge.publish('v1.0.0')
    const folder = join(repository.root, '.hawser/releases/v1.0.0')
    await mkdir(join(folder, 'incoming'))
    await writeFile(join(folder, 'assets', 'late'), 'not listed')

    expect(await forge.isTidy?.('v1.0.0')).toBe(false)
    expect((await forge.publish('v1.0.0')).name).toBe(release.name)

    expect(await forge.isTidy?.('v1.0.0')).toBe(true)
    expect(await readdir(join(folder, 'assets'))).toEqual([])
  })

  test('keeps a tag with slashes apart from others', async () => {
    const forge = open()
    await forge.createDraft({ ...draftOf(), tag: 'tool/v1' })

    expect((await forge.listReleases()).map(({ tag }) => tag)).toEqual(['tool/v1'])
    expect(await forge.findRelease('tool')).toBeUndefined()
  })
})

async function expectFailure(name: string, attempt: Promise<unknown>): Promise<void> {
  const error: unknown = await attempt.then(
    () => new Error('no failure'),
    (thrown: unknown) => thrown,
  )
  const text = failureText(error)
    .replaceAll(repository.folder, '<folder>')
    .replaceAll(/\b[0-9a-f]{12,64}\b/g, '<id>')
  await expect(`${text}\n`).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
}

describe('failures say what to do', () => {
  const draft = async () => open().createDraft(draftOf())
  const releaseFile = (name: string) => join(repository.root, '.hawser/releases/v1.0.0', name)

  const cases: { readonly [name: string]: () => Promise<unknown> } = {
    'not-a-repository': () => open({ repository: '..' }).listTags(),
    'repository-missing': () => open({ repository: 'nowhere' }).listTags(),
    'tag-exists-elsewhere': async () => {
      await open().createTag(newTag(repository.commits[0]))
      return open().createTag(newTag(repository.commits[1]))
    },
    'tag-name-bad': () => open().createTag(newTag(repository.commits[0], 'v1..0')),
    'tag-name-traversal': () => open().findRelease('../../etc'),
    'tag-below-tag': async () => {
      await open().createTag(newTag(repository.commits[0], 'v1'))
      return open().createTag(newTag(repository.commits[0], 'v1/x'))
    },
    'tag-message-empty': () => open().createTag({ ...newTag(repository.commits[0]), message: ' \n' }),
    'commit-missing': () => open().createTag(newTag('f'.repeat(40))),
    'history-shallow': async () => {
      const shallow = join(repository.folder, 'shallow')
      await repository.git('clone', '--quiet', '--depth', '1', `file://${repository.root}`, shallow)
      return open({ repository: shallow }).commitsBetween(undefined, 'HEAD')
    },
    'draft-exists': async () => {
      await draft()
      return open().createDraft({ ...draftOf(), notes: 'Other notes' })
    },
    'draft-damaged': async () => {
      await draft()
      await chmod(releaseFile('draft.json'), 0o644)
      await writeFile(releaseFile('draft.json'), '{"tag":"v1.0.0"')
      return open().findRelease('v1.0.0')
    },
    'release-damaged': async () => {
      await draft()
      await writeFile(releaseFile('release.json'), '{"tag":"v1.0.0","state":"published"}')
      return open().findRelease('v1.0.0')
    },
    'upload-without-draft': async () => open().uploadAsset('v1.0.0', await assetOf('tool', 'x')),
    'asset-name-bad': async () => {
      await draft()
      return open().uploadAsset('v1.0.0', { ...(await assetOf('tool', 'x')), name: '../tool' })
    },
    'asset-source-changed': async () => {
      await draft()
      return open().uploadAsset('v1.0.0', { ...(await assetOf('tool', 'x')), digest: digestOf('y') })
    },
    'asset-source-missing': async () => {
      await draft()
      return open().uploadAsset('v1.0.0', { name: 'tool', file: '/nowhere/tool', digest: digestOf('y') })
    },
    'asset-exists': async () => {
      await draft()
      await open().uploadAsset('v1.0.0', await assetOf('tool', 'x'))
      return open().uploadAsset('v1.0.0', await assetOf('tool', 'y'))
    },
    'asset-missing': async () => {
      await draft()
      return open().downloadAsset('v1.0.0', 'tool')
    },
    'publish-without-tag': async () => {
      await draft()
      return open().publish('v1.0.0')
    },
    'published-immutable': async () => {
      await open().createTag(newTag(repository.commits[1]))
      await draft()
      await open().publish('v1.0.0')
      return open().uploadAsset('v1.0.0', await assetOf('tool', 'x'))
    },
    'releases-is-a-file': async () => {
      await writeFile(join(repository.folder, 'file'), '')
      return open({ releases: '../file' }).createDraft(draftOf())
    },
  }

  test.each(Object.entries(cases))('%s', async (name, fail) => expectFailure(name, fail()))

  test('a folder that cannot be written is named', async () => {
    // /sys takes no new folder, not even from root; whether as forbidden or as read-only depends on the machine.
    const attempt = open({ releases: '/sys/hawser' }).createDraft(draftOf())

    await expect(attempt).rejects.toMatchObject({
      name: 'UserError',
      code: expect.stringMatching(/^FILE_(FORBIDDEN|READ_ONLY)$/),
      message: expect.stringContaining('/sys/hawser'),
    })
  })

  test('a tagger without a mail address is told how to write it', () => {
    const { error } = local.options.safeParse({ tagger: 'Bot' })

    expect(error?.issues[0]?.message).toBe('Write it as: Name <mail@example.org>')
  })
})

test('hooks of the checkout are not run', async () => {
  const hook = join(repository.root, '.git/hooks/reference-transaction')
  await writeFile(hook, '#!/bin/sh\nexit 1\n', { mode: 0o755 })

  await open().createTag(newTag(repository.commits[1]))

  const { root, environment } = repository
  expect((await runGit(['tag', '--list'], { cwd: root, environment })).text).toBe('v1.0.0')
})
