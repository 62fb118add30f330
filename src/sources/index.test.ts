import { expect, test } from 'vitest'
import { z } from 'zod'
import { file } from './file/file.ts'
import { git } from './git/git.ts'
import { https } from './https/https.ts'
import { image } from './image/image.ts'
import { sourceProviders } from './index.ts'
import { npm } from './npm/npm.ts'

test('every source has an example that fits its own options, and a description of each option', () => {
  for (const { name, options, example } of sourceProviders) {
    expect(options.safeParse(example).success, name).toBe(true)
    for (const [option, schema] of Object.entries(options.shape)) {
      expect(z.toJSONSchema(schema, { io: 'input' }).description, `${name}.${option}`).toMatch(/\.$/)
    }
  }
})

test('names are unique', () => {
  const names = sourceProviders.map(({ name }) => name)
  expect(new Set<string>(names).size).toBe(names.length)
})

const commit = 'a'.repeat(40)
const sha256 = 'b'.repeat(64)
const integrity = `sha512-${'A'.repeat(86)}==`

/** What is wrong with written options, as the config reports it beside its line. */
test.each([
  ['https-no-pin', https, { url: 'https://example.com/a' }],
  ['https-short-pin', https, { url: 'https://example.com/a', sha256: 'abc' }],
  ['https-plain', https, { url: 'http://example.com/a', sha256 }],
  ['https-credentials', https, { url: 'https://user:password@example.com/a', sha256 }],
  ['https-name', https, { url: 'https://example.com/a', sha256, name: '../a' }],
  ['npm-no-pin', npm, { package: 'hello@1.0.0' }],
  ['npm-range', npm, { package: 'hello@^1.0.0', integrity }],
  ['npm-tag', npm, { package: 'hello@latest', integrity }],
  ['npm-path', npm, { package: '../hello@1.0.0', integrity }],
  ['npm-sha1', npm, { package: 'hello@1.0.0', integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }],
  ['git-no-pin', git, { repository: 'https://example.com/a.git' }],
  ['git-short-pin', git, { repository: 'https://example.com/a.git', commit: 'abc1234' }],
  ['git-helper', git, { repository: 'ext::sh -c evil', commit }],
  ['git-option', git, { repository: '--upload-pack=evil', commit }],
  ['git-tag', git, { repository: 'https://example.com/a.git', commit, tag: '--all' }],
  ['image-no-pin', image, { reference: 'gcr.io/google_containers/pause-amd64' }],
  ['image-tag-only', image, { reference: 'gcr.io/google_containers/pause-amd64:3.0' }],
  ['image-short-pin', image, { reference: 'gcr.io/google_containers/pause-amd64@sha256:abc' }],
  ['image-scheme', image, { reference: `https://gcr.io/pause@sha256:${sha256}` }],
  ['image-tag', image, { reference: `gcr.io/pause@sha256:${sha256}`, tag: 'gcr.io/pause' }],
  ['image-platform', image, { reference: `gcr.io/pause@sha256:${sha256}`, platform: 'amd64' }],
  ['image-name', image, { reference: `gcr.io/pause@sha256:${sha256}`, name: 'images/pause.tar' }],
  ['image-layout-outside', image, { reference: `oci:../images/pause@sha256:${sha256}` }],
  ['image-layout-no-pin', image, { reference: 'oci:images/pause:3.0' }],
  ['file-empty', file, { path: '' }],
])('options are refused: %s', async (name, provider, written) => {
  const result: z.ZodSafeParseResult<unknown> = provider.options.safeParse(written)

  const findings = (result.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)

  expect(findings).not.toEqual([])
  await expect(findings.join('\n')).toMatchFileSnapshot(`testdata/errors/options-${name}.txt`)
})
