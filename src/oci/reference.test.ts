import { describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { formatReference, isRepositoryPath, isTag, parseReference } from './reference.ts'

const digest = `sha256:${'0123456789abcdef'.repeat(4)}` as const

test.each([
  ['debian', { registry: 'docker.io', repository: 'library/debian' }],
  ['debian:12', { registry: 'docker.io', repository: 'library/debian', tag: '12' }],
  ['team/app', { registry: 'docker.io', repository: 'team/app' }],
  ['ghcr.io/team/app:1.0', { registry: 'ghcr.io', repository: 'team/app', tag: '1.0' }],
  [`ghcr.io/app@${digest}`, { registry: 'ghcr.io', repository: 'app', digest }],
  [`ghcr.io/app:v1@${digest}`, { registry: 'ghcr.io', repository: 'app', tag: 'v1', digest }],
  ['localhost/app', { registry: 'localhost', repository: 'app' }],
  ['localhost:5000/app:a', { registry: 'localhost:5000', repository: 'app', tag: 'a' }],
  ['[::1]:5000/a/b', { registry: '[::1]:5000', repository: 'a/b' }],
  ['r.example.org/a__b/c--d/e.f-g_h', { registry: 'r.example.org', repository: 'a__b/c--d/e.f-g_h' }],
])('%s', (text, reference) => {
  expect(parseReference(text)).toEqual(reference)
})

test.each(['ghcr.io/team/app:1.0', `ghcr.io/app:v1@${digest}`, 'localhost:5000/app'])(
  'what is read is written the same: %s',
  (text) => {
    expect(formatReference(parseReference(text))).toBe(text)
  },
)

test('names of Docker Hub are written whole', () => {
  expect(formatReference(parseReference('debian:12'))).toBe('docker.io/library/debian:12')
})

test('tags and repositories have their limits', () => {
  expect(['a', '_a', 'v1.0-rc_1', 'a'.repeat(128)].every(isTag)).toBe(true)
  expect(['', '.a', '-a', 'a'.repeat(129), 'a b', 'a/b', 'ä'].some(isTag)).toBe(false)
  expect(isRepositoryPath('a'.repeat(255))).toBe(true)
  expect(isRepositoryPath('a'.repeat(256))).toBe(false)
})

describe('in words for people', () => {
  test.each([
    ['empty', ''],
    ['with-scheme', 'https://ghcr.io/team/app'],
    ['only-a-host', 'ghcr.io/'],
    ['upper-case', 'ghcr.io/Team/App:1.0'],
    ['two-slashes', 'ghcr.io/team//app'],
    ['parent-folder', 'ghcr.io/team/../app'],
    ['no-tag', 'ghcr.io/team/app:'],
    ['tag-with-plus', 'ghcr.io/team/app:1.0+build'],
    ['short-digest', 'ghcr.io/team/app@sha256:0123'],
    ['other-digest', `ghcr.io/team/app@md5:${'0'.repeat(32)}`],
    ['two-digests', `ghcr.io/team/app@${digest}@${digest}`],
    ['user-in-host', 'user:password@ghcr.io/team/app'],
    ['host-with-space', 'ghcr io.org/team/app'],
    ['long-port', 'ghcr.io:123456/team/app'],
    ['query', 'ghcr.io/team/app?x=1'],
  ])('%s', async (name, text) => {
    let failure: unknown
    try {
      parseReference(text, 'images.app.push[0]')
    } catch (error) {
      failure = error
    }

    await expect(`${failureText(failure)}\n`).toMatchFileSnapshot(`testdata/errors/reference-${name}.txt`)
    expect(failureText(failure)).not.toContain('password@')
  })
})
