import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseNpmrc, readNpmSettings } from './npmrc.ts'
import {
  authorizationFor,
  metadataUrl,
  proxyEnvironment,
  publicRegistry,
  registryFor,
  tarballUrl,
} from './registry.ts'

describe('.npmrc', () => {
  test('has keys, values, comments, quotes and variables', () => {
    const text = [
      '; a comment',
      '# another',
      'registry = https://one.example/ ',
      '//one.example/:_authToken=${TOKEN}',
      'quoted="a b"',
      'unknown=${MISSING}',
      'optional=${MISSING?}',
      'strict-ssl',
      '[section]',
    ].join('\r\n')

    expect(Object.fromEntries(parseNpmrc(text, { TOKEN: 'secret' }))).toEqual({
      registry: 'https://one.example/',
      '//one.example/:_authToken': 'secret',
      quoted: 'a b',
      unknown: '${MISSING}',
      optional: '',
    })
  })

  describe('files', () => {
    let folder = ''
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'hawser-npmrc-'))
      for (const name of ['home', 'project', 'prefix/bin', 'prefix/etc', 'path']) {
        await mkdir(join(folder, name), { recursive: true })
      }
      await writeFile(join(folder, 'prefix/bin/node'), '')
      await symlink('../prefix/bin/node', join(folder, 'path/node'))
    })
    afterEach(() => rm(folder, { recursive: true, force: true }))

    const read = (more: { readonly [name: string]: string } = {}) =>
      readNpmSettings(join(folder, 'project'), {
        HOME: join(folder, 'home'),
        PATH: join(folder, 'path'),
        ...more,
      })

    test('the environment counts more than the project, then the user, then the whole machine', async () => {
      expect((await read()).get('registry')).toBeUndefined()
      await writeFile(join(folder, 'prefix/etc/npmrc'), 'registry=https://global.example/\ncafile=kept')
      expect((await read()).get('registry')).toBe('https://global.example/')
      await writeFile(join(folder, 'home/.npmrc'), 'registry=https://user.example/')
      expect((await read()).get('registry')).toBe('https://user.example/')
      await writeFile(join(folder, 'project/.npmrc'), 'registry=https://project.example/')
      expect((await read()).get('registry')).toBe('https://project.example/')
      const all = await read({ npm_config_registry: 'https://environment.example/' })
      expect(all.get('registry')).toBe('https://environment.example/')
      expect(all.get('cafile')).toBe('kept')
    })

    test('may be elsewhere', async () => {
      await writeFile(join(folder, 'mine'), 'registry=https://mine.example/')

      expect((await read({ NPM_CONFIG_USERCONFIG: join(folder, 'mine') })).get('registry')).toBe(
        'https://mine.example/',
      )
    })
  })
})

describe('the registry', () => {
  test('is the public one when nothing is set, else the one of the scope, else the usual one', () => {
    const settings = new Map([
      ['registry', 'https://usual.example/npm'],
      ['@tools:registry', 'https://tools.example/'],
    ])

    expect(registryFor('hello', new Map()).href).toBe(publicRegistry)
    expect(registryFor('hello', settings).href).toBe('https://usual.example/npm/')
    expect(registryFor('@other/hello', settings).href).toBe('https://usual.example/npm/')
    expect(registryFor('@tools/hello', settings).href).toBe('https://tools.example/')
  })

  test('is asked for a package of a scope with an encoded slash', () => {
    expect(metadataUrl(new URL('https://usual.example/npm/'), '@tools/hello').href).toBe(
      'https://usual.example/npm/@tools%2fhello',
    )
  })
})

describe('credentials', () => {
  const url = new URL('https://one.example:8443/npm/group/hello/-/hello-1.0.0.tgz')

  test.each([
    ['a token', [['//one.example:8443/npm/:_authToken', 'T']], 'Bearer T'],
    ['a token without the last slash', [['//one.example:8443/npm:_authToken', 'T']], 'Bearer T'],
    ['of the host', [['//one.example:8443/:_authToken', 'T']], 'Bearer T'],
    [
      'the nearest',
      [
        ['//one.example:8443/:_authToken', 'far'],
        ['//one.example:8443/npm/group/:_authToken', 'near'],
      ],
      'Bearer near',
    ],
    ['basic', [['//one.example:8443/npm/:_auth', 'dTpw']], 'Basic dTpw'],
    [
      'user and password',
      [
        ['//one.example:8443/npm/:username', 'u'],
        ['//one.example:8443/npm/:_password', Buffer.from('p').toString('base64')],
      ],
      'Basic dTpw',
    ],
    ['of another port', [['//one.example/npm/:_authToken', 'T']], undefined],
    ['of another folder', [['//one.example:8443/other/:_authToken', 'T']], undefined],
    ['of a longer host', [['//one.example:8443.evil.example/:_authToken', 'T']], undefined],
  ] as const)('%s', (_name, settings, header) => {
    expect(authorizationFor(url, new Map<string, string>(settings))).toBe(header)
  })
})

test.each([
  [`${publicRegistry}hello/-/hello-1.0.0.tgz`, 'https://mirror.example/npm/hello/-/hello-1.0.0.tgz'],
  ['http://mirror.example/npm/hello/-/hello-1.0.0.tgz', 'https://mirror.example/npm/hello/-/hello-1.0.0.tgz'],
  ['https://files.example/hello.tgz', 'https://files.example/hello.tgz'],
])('the tarball %s of a mirror is at %s', (written, url) => {
  expect(tarballUrl(written, new URL('https://mirror.example/npm/')).href).toBe(url)
})

test("npm's proxies come before the usual variables", () => {
  const settings = new Map([['proxy', 'http://npm.example']])

  expect(proxyEnvironment(settings, { https_proxy: 'http://usual.example', HOME: '/home' })).toEqual({
    https_proxy: 'http://npm.example',
    http_proxy: 'http://npm.example',
    HOME: '/home',
  })
})
