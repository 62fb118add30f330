import { createHash } from 'node:crypto'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { ByteStream } from '../../archive/compression.ts'
import { encodeTarHeader, type TarHeader } from '../../archive/tar-header.ts'
import { failureText } from '../../errors.ts'
import type { Digest } from '../../lib/digest.ts'
import { mediaTypes } from '../media-types.ts'
import { type LayerEntry, orderedEntries } from './layer-entry.ts'
import { layerTar } from './layer-tar.ts'
import { type ReadLayerOptions, readLayer } from './read-layer.ts'

const epoch = 1_760_000_000
const where = 'The layer of the test'
const owner = { ownerId: 0, groupId: 0 }

const file = (path: string, text: string, mode = 0o644): LayerEntry => ({
  ...owner,
  type: 'file',
  path,
  mode,
  sizeBytes: Buffer.byteLength(text),
  open: () => one(Buffer.from(text)),
})

async function* one(bytes: Uint8Array): ByteStream {
  if (bytes.length > 0) yield bytes
}

async function bytesOf(stream: ByteStream): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(Uint8Array.from(piece))
  return Buffer.concat(pieces)
}

const packers = {
  [mediaTypes.layerTar]: (bytes: Buffer) => bytes,
  [mediaTypes.layerGzip]: (bytes: Buffer) => gzipSync(bytes),
  [mediaTypes.dockerLayerGzip]: (bytes: Buffer) => gzipSync(bytes),
  [mediaTypes.layerZstd]: (bytes: Buffer) => zstdCompressSync(bytes),
} as const

async function read(packed: Uint8Array, options: Partial<ReadLayerOptions> = {}) {
  const found: object[] = []
  for await (const member of readLayer(one(packed), { mediaType: mediaTypes.layerTar, where, ...options })) {
    if (!('body' in member)) {
      found.push(member)
      continue
    }
    const { path, type, mode, target } = member
    found.push({ path, type, mode, target, text: String(await bytesOf(member.body())) })
  }
  return found
}

describe('a layer is read as it was written', () => {
  const long = `opt/${'long-name/'.repeat(30)}ä€😀.txt`
  const entries = orderedEntries(
    [
      file('/usr/bin/hello', '#!/bin/sh\n', 0o755),
      file(long, 'deep'),
      file('etc/empty', ''),
      file('etc/.wh.old', ''),
      file('var/.wh..wh..opq', ''),
      { ...owner, type: 'symlink', path: 'bin', mode: 0o777, target: 'usr/bin' },
      { ...owner, type: 'symlink', path: 'far', mode: 0o777, target: `/${'x/'.repeat(60)}ü` },
      { type: 'directory', path: 'srv', mode: 0o2775, ownerId: 3_000_000, groupId: 70_000 },
    ],
    'implied',
  )

  test.each(Object.entries(packers))('%s', async (mediaType, pack) => {
    const tar = await bytesOf(layerTar(entries, epoch))
    const diffId: Digest = `sha256:${createHash('sha256').update(tar).digest('hex')}`

    const members = await read(pack(tar), { mediaType, diffId })

    expect(members).toEqual([
      { path: 'bin', type: 'symlink', mode: 0o777, target: 'usr/bin', text: '' },
      { type: 'whiteout', path: 'etc/old' },
      { path: 'etc/empty', type: 'file', mode: 0o644, target: undefined, text: '' },
      { path: 'far', type: 'symlink', mode: 0o777, target: `/${'x/'.repeat(60)}ü`, text: '' },
      { path: long, type: 'file', mode: 0o644, target: undefined, text: 'deep' },
      { path: 'srv', type: 'directory', mode: 0o2775, target: undefined, text: '' },
      { path: 'usr/bin/hello', type: 'file', mode: 0o755, target: undefined, text: '#!/bin/sh\n' },
      { type: 'opaque', path: 'var' },
    ])
  })

  test('owners and times are those that were given', async () => {
    const own = [...entries, { ...file('zz', ''), mtime: 1_234_567_890 }]
    const tar = await bytesOf(layerTar(own, 0))

    const owners: object[] = []
    for await (const member of readLayer(one(tar), { mediaType: mediaTypes.layerTar, where })) {
      if (['srv', 'zz'].includes(member.path) && 'body' in member)
        owners.push({ ownerId: member.ownerId, groupId: member.groupId, mtime: member.mtime })
    }

    expect(owners).toEqual([
      { ownerId: 3_000_000, groupId: 70_000, mtime: 1 },
      { ownerId: 0, groupId: 0, mtime: 1_234_567_890 },
    ])
  })
})

test('a layer without a mark at its end is read, as other tools write it, when a digest says that it is whole', async () => {
  const tar = (await bytesOf(layerTar([file('a', 'text')], epoch))).subarray(0, -1024)
  const diffId: Digest = `sha256:${createHash('sha256').update(tar).digest('hex')}`

  expect(await read(tar, { diffId })).toMatchObject([{ path: 'a', text: 'text' }])
  await expect(read(tar)).rejects.toMatchObject({ code: 'ARCHIVE_TRUNCATED' })
})

describe('a layer that must not be used is refused', () => {
  const header: TarHeader = {
    ...{ name: 'file', mode: 0o644, ownerId: 0, groupId: 0, sizeBytes: 0, mtime: 1 },
    ...{ type: '0', linkName: '', owner: '', group: '' },
  }
  const archive = (...headers: Partial<TarHeader>[]): Buffer =>
    Buffer.concat([
      ...headers.map((more) => encodeTarHeader({ ...header, ...more }, 'posix')),
      Buffer.alloc(1024),
    ])
  const zeros = Buffer.concat([
    encodeTarHeader({ ...header, sizeBytes: 20 << 20 }, 'posix'),
    Buffer.alloc((20 << 20) + 1024),
  ])
  const wrong: Digest = `sha256:${'0'.repeat(64)}`

  test.each<[string, Buffer, Partial<ReadLayerOptions>]>([
    ['traversal', archive({ name: 'usr/../../etc/passwd' }), {}],
    ['hard-link-out', archive({ name: 'shadow', type: '1', linkName: '../../etc/shadow' }), {}],
    ['below-a-file', archive({ name: 'etc' }, { name: 'etc/passwd' }), {}],
    ['twice', archive({ name: 'etc/passwd' }, { name: './etc//passwd' }), {}],
    ['device', archive({ name: 'dev/sda', type: '4' }), {}],
    ['whiteout-of-nothing', archive({ name: 'etc/.wh.' }), {}],
    ['whiteout-of-a-parent', archive({ name: 'etc/.wh...' }), {}],
    ['not-utf-8', archive({ name: 'a\uFFFDb' }), {}],
    ['bomb-zstd', zstdCompressSync(zeros), { mediaType: mediaTypes.layerZstd }],
    ['bomb-gzip', gzipSync(zeros), { mediaType: mediaTypes.layerGzip, limits: { sizeBytesMax: 1 << 20 } }],
    ['too-many', archive({ name: 'a' }, { name: 'b' }, { name: 'c' }), { limits: { entriesMax: 2 } }],
    ['cut-off', gzipSync(zeros).subarray(0, 9000), { mediaType: mediaTypes.layerGzip }],
    ['other-compression', gzipSync(archive({})), { mediaType: mediaTypes.layerZstd }],
    ['other-content', archive({}), { diffId: wrong }],
    ['behind-the-end', Buffer.concat([archive({}), Buffer.from('more')]), { diffId: wrong }],
    ['no-layer', archive({}), { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip' }],
  ])('%s', async (name, packed, options) => {
    const error = await read(packed, options).then(
      () => 'it was read',
      (failure: unknown) => failure,
    )

    await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
  })
})
