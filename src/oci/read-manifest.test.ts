import { describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { digestOf } from '../lib/digest.ts'
import type { Manifest } from './descriptor.ts'
import { canonicalManifest } from './manifest-bytes.ts'
import { mediaTypes } from './media-types.ts'
import { rawManifest, readManifest } from './read-manifest.ts'
import { referrerDescriptor, referrersTag, withReferrer } from './referrers.ts'

const digest = digestOf('{}')
const config = { mediaType: mediaTypes.config, digest, size: 2 }
const manifest: Manifest = { schemaVersion: 2, config, layers: [] }
const textOf = ({ bytes }: { readonly bytes: Uint8Array }): string => Buffer.from(bytes).toString()

test('the empty blob has the digest that the specification says', () => {
  expect(digest).toBe('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a')
})

test('same content, same bytes: members in a fixed order, maps by name, no white space', () => {
  const one = canonicalManifest({
    ...manifest,
    annotations: { b: '2', a: '1' },
    artifactType: 'application/x',
  })
  const other = canonicalManifest({
    artifactType: 'application/x',
    annotations: { a: '1', b: '2' },
    layers: [],
    config: { size: 2, digest, mediaType: mediaTypes.config },
    schemaVersion: 2,
  })

  expect(textOf(one)).toBe(textOf(other))
  expect(textOf(one)).toBe(
    `{"schemaVersion":2,"mediaType":"${mediaTypes.manifest}","artifactType":"application/x","config":{"mediaType":"${mediaTypes.config}","digest":"${digest}","size":2},"layers":[],"annotations":{"a":"1","b":"2"}}`,
  )
  expect(one.digest).toBe(digestOf(one.bytes))
})

test('unknown members are read past, and known ones keep what they say', () => {
  const bytes = Buffer.from(JSON.stringify({ ...manifest, mediaType: mediaTypes.manifest, future: [1] }))

  const raw = rawManifest(bytes, undefined, 'app')

  expect(raw.bytes).toBe(bytes)
  expect(readManifest(raw, 'app')).toMatchObject({ kind: 'manifest', manifest: { config } })
})

test('a referrer is listed with its type, else that of its configuration, and its annotations, once', () => {
  const typed = canonicalManifest({ ...manifest, artifactType: 'application/x', annotations: { a: '1' } })
  const untyped = canonicalManifest(manifest)

  expect(referrerDescriptor(typed)).toMatchObject({ artifactType: 'application/x', annotations: { a: '1' } })
  expect(referrerDescriptor(untyped).artifactType).toBe(mediaTypes.config)
  const first = withReferrer(undefined, referrerDescriptor(typed))
  if (first === undefined) throw new Error('The first referrer is new')
  const parsed = readManifest(first, 'list')
  if (parsed.kind !== 'index') throw new Error('A list is an index')
  expect(withReferrer(parsed.index, referrerDescriptor(typed))).toBeUndefined()
  expect(withReferrer(parsed.index, referrerDescriptor(untyped))).toBeDefined()
  expect(referrersTag(digest)).toBe(`sha256-${digest.slice(7)}`)
})

describe('in words for people', () => {
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

  test.each([
    ['no-json', Buffer.from('<html>'), undefined],
    ['no-utf-8', Buffer.from([0x7b, 0xff, 0x7d]), undefined],
    ['no-object', json([manifest]), undefined],
    ['schema-1', json({ ...manifest, schemaVersion: 1 }), undefined],
    ['no-config', json({ ...manifest, config: undefined }), undefined],
    ['digest-of-another-kind', json({ ...manifest, config: { ...config, digest: 'sha512:00' } }), undefined],
    ['negative-size', json({ ...manifest, config: { ...config, size: -1 } }), undefined],
    ['size-as-text', json({ ...manifest, layers: [{ ...config, size: '2' }] }), undefined],
    ['huge-size', json({ ...manifest, config: { ...config, size: 2 ** 60 } }), undefined],
    ['unknown-type', json(manifest), 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
    ['two-types', json({ ...manifest, mediaType: mediaTypes.manifest }), mediaTypes.index],
    ['index-without-manifests', json(manifest), mediaTypes.index],
    ['too-large', Buffer.alloc((4 << 20) + 1, ' '), undefined],
  ])('%s', async (name, bytes, mediaType) => {
    let failure: unknown
    try {
      readManifest(
        rawManifest(bytes, mediaType, 'registry.example.org/app:v1'),
        'registry.example.org/app:v1',
      )
    } catch (error) {
      failure = error
    }

    await expect(`${failureText(failure)}\n`).toMatchFileSnapshot(`testdata/errors/manifest-${name}.txt`)
  })
})
