import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import type { Environment } from '../../lib/child.ts'
import type { Credential } from './credential.ts'
import { dockerCredentials } from './docker-credentials.ts'
import { firstOf, fixedCredentials } from './fixed-credentials.ts'

const secret = 'S3cret:with:colons'
let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'hawser-credentials-'))
})
afterEach(() => rm(home, { recursive: true }))

const auth = (user: string, password = secret) => ({
  auth: Buffer.from(`${user}:${password}`).toString('base64'),
})
const login = (username: string, password = secret): Credential => ({ kind: 'password', username, password })

async function write(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(join(home, path)), { recursive: true })
  await writeFile(join(home, path), typeof content === 'string' ? content : JSON.stringify(content))
}

/** A program on PATH; it notes what it was asked for, and sees which variables it has. */
async function helper(name: string, script: string): Promise<void> {
  const path = join(home, 'bin', `docker-credential-${name}`)
  await write(
    `bin/docker-credential-${name}`,
    `#!/bin/sh\nread server\necho "$1 $server" >>${home}/asked\n${script}\n`,
  )
  await chmod(path, 0o755)
}

const asked = (): Promise<string> => readFile(join(home, 'asked'), 'utf8')
const prints = (username: string, password = secret): string =>
  `echo '${JSON.stringify({ ServerURL: 'x', Username: username, Secret: password })}'`

const environment = (more: Environment = {}): Environment => ({
  PATH: `${join(home, 'bin')}:${process.env['PATH']}`,
  ...more,
})
const find = (registry: string, repository = 'team/app', more: Environment = {}) =>
  dockerCredentials(environment(more), home)(registry, repository)

describe('docker and podman files', () => {
  test('without a file there are no credentials', async () => {
    expect(await find('registry.example.org')).toBeUndefined()
  })

  test('entries of each form, under names and under addresses', async () => {
    await write('.docker/config.json', {
      auths: {
        'a.example.org': auth('anna'),
        'https://b.example.org/v2/': { username: 'bert', password: secret },
        'c.example.org:5000': { identitytoken: 'refresh' },
        'd.example.org': { registrytoken: 'bearer' },
        'e.example.org': {},
        'https://index.docker.io/v1/': auth('hub'),
        'f.example.org': { auth: Buffer.from('old:password\0\0').toString('base64') },
      },
    })

    expect(await find('a.example.org')).toEqual(login('anna'))
    expect(await find('b.example.org')).toEqual(login('bert'))
    expect(await find('c.example.org:5000')).toEqual({ kind: 'identity', token: 'refresh' })
    expect(await find('d.example.org')).toEqual({ kind: 'bearer', token: 'bearer' })
    expect(await find('e.example.org')).toBeUndefined()
    expect(await find('docker.io', 'library/debian')).toEqual(login('hub'))
    expect(await find('f.example.org')).toEqual(login('old', 'password'))
    // The port and the name are part of the host.
    expect(await find('c.example.org')).toBeUndefined()
    expect(await find('example.org')).toBeUndefined()
    expect(await find('a.example.org.evil.example')).toBeUndefined()
  })

  test('the longest prefix of the repository counts, by whole components', async () => {
    await write('.config/containers/auth.json', {
      auths: {
        'r.example.org': auth('host'),
        'r.example.org/team': auth('team'),
        'r.example.org/team/app': auth('app'),
      },
    })

    expect(await find('r.example.org', 'team/app')).toEqual(login('app'))
    expect(await find('r.example.org', 'team/app2')).toEqual(login('team'))
    expect(await find('r.example.org', 'team/sub/app')).toEqual(login('team'))
    expect(await find('r.example.org', 'teams')).toEqual(login('host'))
  })

  test('files that the environment names come first, and stand for the usual ones', async () => {
    await write('.docker/config.json', { auths: { r: auth('docker'), only: auth('docker') } })
    await write('named/config.json', { auths: { r: auth('named') } })
    await write('podman.json', { auths: { r: auth('podman'), p: auth('podman') } })
    await write('run/containers/auth.json', { auths: { r: auth('run'), s: auth('run') } })
    await write('.config/containers/auth.json', { auths: { s: auth('config'), t: auth('config') } })
    const run = { XDG_RUNTIME_DIR: join(home, 'run') }
    const docker = { DOCKER_CONFIG: join(home, 'named') }
    const podman = { REGISTRY_AUTH_FILE: join(home, 'podman.json') }

    expect(await find('r', 'x', run)).toEqual(login('docker'))
    expect(await find('s', 'x', run)).toEqual(login('run'))
    expect(await find('t', 'x', run)).toEqual(login('config'))
    expect(await find('r', 'x', { ...run, ...docker })).toEqual(login('named'))
    expect(await find('only', 'x', { ...run, ...docker })).toBeUndefined()
    expect(await find('r', 'x', { ...run, ...podman })).toEqual(login('podman'))
    expect(await find('s', 'x', { ...run, ...podman })).toBeUndefined()
    expect(await find('p', 'x', { ...docker, ...podman })).toEqual(login('podman'))
  })
})

describe('helpers', () => {
  test('one for a host comes before the store, and both before what is written', async () => {
    await write('.docker/config.json', {
      auths: { 'a.example.org': auth('written'), 'c.example.org': auth('written') },
      credHelpers: { 'a.example.org': 'own' },
      credsStore: 'store',
    })
    await helper('own', prints('own'))
    const unknown = 'echo "credentials not found in native keychain"; exit 1'
    await helper('store', `if [ "$server" = b.example.org ]; then ${prints('store')}; else ${unknown}; fi`)

    expect(await find('a.example.org')).toEqual(login('own'))
    expect(await find('b.example.org')).toEqual(login('store'))
    expect(await find('c.example.org')).toEqual(login('written'))
    expect(await find('d.example.org')).toBeUndefined()
    expect(await asked()).toBe('get a.example.org\nget b.example.org\nget c.example.org\nget d.example.org\n')
  })

  test('an identity token, the name of Docker Hub, and a program by its path', async () => {
    await helper('hub', prints('<token>', 'refresh'))
    await write('.docker/config.json', {
      credHelpers: { 'https://index.docker.io/v1/': join(home, 'bin/docker-credential-hub') },
    })

    expect(await find('docker.io', 'library/debian')).toEqual({ kind: 'identity', token: 'refresh' })
    expect(await asked()).toBe('get https://index.docker.io/v1/\n')
  })

  test('one is asked once, for all repositories, and sees none of our secrets', async () => {
    await helper('own', `env >${home}/env\n${prints('own')}`)
    await write('.docker/config.json', { credsStore: 'own' })
    const credentials = dockerCredentials(
      environment({ AWS_PROFILE: 'release', HAWSER_TOKEN: 'our-secret', GITHUB_TOKEN: 'their-secret' }),
      home,
    )

    const found = await Promise.all(['a', 'b/c', 'b/d'].map((repository) => credentials('r', repository)))

    expect(found).toEqual([login('own'), login('own'), login('own')])
    expect(await asked()).toBe('get r\n')
    const seen = await readFile(join(home, 'env'), 'utf8')
    expect(seen).toContain('AWS_PROFILE=release')
    expect(seen).not.toMatch(/our-secret|their-secret/)
  })

  test('one that failed is asked again the next time', async () => {
    await helper('own', `if [ -e ${home}/open ]; then ${prints('own')}; else echo locked >&2; exit 1; fi`)
    await write('.docker/config.json', { credsStore: 'own' })
    const credentials = dockerCredentials(environment(), home)

    await expect(credentials('r', 'a')).rejects.toMatchObject({ code: 'OCI_HELPER' })
    await write('open', '')

    expect(await credentials('r', 'a')).toEqual(login('own'))
  })
})

test('declared credentials are given to their own registry only', async () => {
  const source = firstOf(fixedCredentials('a', login('own')), fixedCredentials('b', login('other')))

  expect(await source('a', 'x')).toEqual(login('own'))
  expect(await source('b', 'x')).toEqual(login('other'))
  expect(await source('c', 'x')).toBeUndefined()
})

describe('in words for people, without secrets', () => {
  const failureOf = async (registry = 'r.example.org'): Promise<string> => {
    const error = await find(registry).then(
      (found) => new Error(`found ${JSON.stringify(found)}`),
      (reason: unknown) => reason,
    )
    return `${failureText(error).replaceAll(home, 'HOME')}\n`
  }

  test.each([
    ['not-json', `{"auths": {"r.example.org": {"auth": "${secret}"`],
    ['wrong-type', { auths: { 'r.example.org': 'a-text' } }],
    ['list', ['r.example.org']],
    [
      'auth-without-colon',
      { auths: { 'r.example.org': { auth: Buffer.from('nobody').toString('base64') } } },
    ],
    ['auth-not-base64', { auths: { 'r.example.org': { auth: secret } } }],
    ['helper-name', { credsStore: '../evil' }],
    ['helper-absent', { credHelpers: { 'r.example.org': 'not-installed' } }],
  ])('%s', async (name, content) => {
    await write('.docker/config.json', content)

    const failure = await failureOf()

    await expect(failure).toMatchFileSnapshot(`testdata/errors/credentials-${name}.txt`)
    expect(failure).not.toContain(secret)
  })

  test.each([
    ['helper-fails', 'echo "the store is locked" >&2; exit 3'],
    ['helper-not-json', `echo "password: ${secret}"`],
    ['helper-no-secret', `echo '{"ServerURL":"x","Username":"${secret}"}'`],
    ['helper-killed', 'kill -TERM $$'],
    ['helper-floods', 'yes'],
  ])('%s', async (name, script) => {
    await helper('own', script)
    await write('.docker/config.json', { credsStore: 'own' })

    const failure = await failureOf()

    await expect(failure).toMatchFileSnapshot(`testdata/errors/credentials-${name}.txt`)
    expect(failure).not.toContain(secret)
  })

  test('a helper that knows nobody is no failure', async () => {
    await helper('own', prints('', ''))
    await write('.docker/config.json', { credsStore: 'own' })

    expect(await find('r.example.org')).toBeUndefined()
  })
})
