import { expect, test } from 'vitest'
import { parseChallenge } from './challenge.ts'

const bearer = (realm: string, service?: string, scope?: string) => ({
  scheme: 'bearer',
  realm,
  service,
  scope,
})

test.each([
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    bearer('https://auth.docker.io/token', 'registry.docker.io', 'repository:a/b:pull,push'),
  ],
  ['bearer   REALM = "https://x/t" , Service=plain', bearer('https://x/t', 'plain')],
  ['Basic realm="Registry", Bearer realm="https://x/t"', bearer('https://x/t')],
  ['Bearer realm="https://x/t",service="s", Basic realm="other"', bearer('https://x/t', 's')],
  ['Bearer realm="a \\"quoted\\" one"', bearer('a "quoted" one')],
  ['Bearer realm="https://x/t",error="insufficient_scope"', bearer('https://x/t')],
  ['Basic realm="Sonatype Nexus"', { scheme: 'basic' }],
  ['basic', { scheme: 'basic' }],
  // Without a realm there is nowhere to ask.
  ['Bearer service="x"', undefined],
  ['Negotiate', undefined],
  ['', undefined],
  [undefined, undefined],
])('%s', (header, challenge) => {
  expect(parseChallenge(header)).toEqual(challenge)
})
