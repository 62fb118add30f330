import { expect, test } from 'vitest'
import { parseGitUrl, resolveSubmodule } from './git-url.ts'

test.each([
  ['https://example.com/a.git', 'https'],
  ['http://127.0.0.1:8080/a.git', 'http'],
  ['ssh://git@example.com:2222/a.git', 'ssh'],
  ['git@example.com:group/a.git', 'ssh'],
  ['example.com:a.git', 'ssh'],
])('%s is reached by %s', (text, protocol) => {
  expect(parseGitUrl(text, '/project')).toEqual({ url: text, protocol })
})

test.each([
  ['../upstream', '/upstream'],
  ['./upstream', '/project/upstream'],
  ['/srv/git/a.git', '/srv/git/a.git'],
])('%s is a local repository', (text, path) => {
  expect(parseGitUrl(text, '/project')).toEqual({ url: path, protocol: 'file' })
})

test.each([
  '',
  'ext::sh -c touch% /tmp/x',
  'fd::17',
  'https::https://example.com/a.git',
  '--upload-pack=touch /tmp/x',
  '-oProxyCommand=evil:x',
  'ssh://-oProxyCommand=evil/x',
  'git@-oProxyCommand=evil:x',
  'file:///srv/git/a.git',
  'git://example.com/a.git',
  'http://example.com/a.git',
  'ftp://example.com/a.git',
  'https://user:password@example.com/a.git',
  'https://token@example.com/a.git',
  'https://example.com/a.git\nx',
])('%j is refused', (text) => {
  expect(parseGitUrl(text, '/project')).toBeUndefined()
})

test.each([
  ['../b.git', 'https://example.com/group/a.git', 'https://example.com/group/b.git'],
  ['../../other/b', 'https://example.com/group/a.git/', 'https://example.com/other/b'],
  ['./b', 'https://example.com/a', 'https://example.com/a/b'],
  ['../b.git', 'git@example.com:group/a.git', 'git@example.com:group/b.git'],
  ['../b.git', 'git@example.com:a.git', 'git@example.com:b.git'],
  ['../b', '/srv/a', '/srv/b'],
  ['https://example.org/b', 'https://example.com/a', 'https://example.org/b'],
])('the submodule %s of %s', (written, parent, url) => {
  const from = parseGitUrl(parent, '/')
  expect(from && resolveSubmodule(written, from)?.url).toBe(url)
})

test.each(['/etc', 'ext::sh', '-x', 'file:///etc'])(
  'a remote repository cannot name the submodule %s',
  (written) => {
    expect(resolveSubmodule(written, { url: 'https://example.com/a', protocol: 'https' })).toBeUndefined()
  },
)

test.each(['https://example.com/a', 'git@example.com:a', 'ssh://git@example.com/a'])(
  'a submodule of %s cannot climb above its host',
  (text) => {
    const parent = parseGitUrl(text, '/')

    expect(parent && resolveSubmodule('../../evil.example/b', parent)).toBeUndefined()
    expect(parent && resolveSubmodule('..', parent)).toBeUndefined()
  },
)
