import { expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import type { ByteStream } from './compression.ts'
import { readTar, type TarLimits } from './tar.ts'
import { encodeTarHeader, type TarHeader } from './tar-header.ts'
import { type TarInput, writeTar } from './write-tar.ts'

const common = { mode: 0o644, owner: 'root', group: 'root', ownerId: 0, groupId: 0, mtime: 1_760_000_000 }

const file = (path: string, text: string, more: Partial<TarInput> = {}): TarInput =>
  ({
    ...common,
    type: 'file',
    path,
    sizeBytes: Buffer.byteLength(text),
    body: () => one(Buffer.from(text)),
    ...more,
  }) as TarInput

test('what is written is read back', async () => {
  const long = `${'a-folder/'.repeat(20)}ö.txt`
  const inputs: TarInput[] = [
    { ...common, type: 'directory', path: '.', mode: 0o755 },
    file('./hello', 'hello world'),
    file(`./${long}`, 'x'.repeat(513), { mode: 0o4755, owner: 'www-data', ownerId: 33 }),
    { ...common, type: 'symlink', path: './link', target: 'hello' },
    { ...common, type: 'symlink', path: './far', target: `${'deep/'.repeat(30)}target` },
  ]

  const entries = await read(writeTar(inputs))

  expect(entries.map(({ path, type, text, target }) => [path, type, text, target])).toEqual([
    ['', 'directory', '', undefined],
    ['hello', 'file', 'hello world', undefined],
    [long, 'file', 'x'.repeat(513), undefined],
    ['link', 'symlink', '', 'hello'],
    ['far', 'symlink', '', `${'deep/'.repeat(30)}target`],
  ])
  expect(entries[2]).toMatchObject({ mode: 0o4755, owner: 'www-data', ownerId: 33, mtime: 1_760_000_000 })
})

test('a size of more than 8 GiB is written in base 256 and read back', async () => {
  const sizeBytes = 9 * 2 ** 30 + 5
  const header = encodeTarHeader({ ...rawHeader, sizeBytes })

  const [entry] = await read(one(header), {}, 1)

  expect(entry?.sizeBytes).toBe(sizeBytes)
})

test('PAX paths, links and sizes replace those of the header; global headers rename nothing', async () => {
  const records = ['path=some/long/path', 'uname=ada'].map(paxRecord).join('')
  const archive = [
    ...rawEntry({ type: 'g', name: 'pax_global_header' }, paxRecord('path=evil')),
    ...rawEntry({ type: 'x', name: 'PaxHeader' }, records),
    ...rawEntry({ name: 'short' }, 'hi'),
    ...rawEntry({ name: 'next' }, 'ho'),
  ]

  const entries = await read(one(Buffer.concat([...archive, end])))

  expect(entries.map(({ path, owner, text }) => [path, owner, text])).toEqual([
    ['some/long/path', 'ada', 'hi'],
    ['next', 'root', 'ho'],
  ])
})

test('an entry whose body is not read does not disturb the next one', async () => {
  const paths: string[] = []
  for await (const entry of readTar(writeTar([file('a', 'x'.repeat(3000)), file('b', 'y')])))
    paths.push(entry.path)

  expect(paths).toEqual(['a', 'b'])
})

test('absolute paths and links are ordinary in the image of a root file system', async () => {
  const archive = [
    ...rawEntry({ name: '/etc/hello' }, 'hi'),
    ...rawEntry({ name: 'etc/link', type: '2', linkName: '/usr/bin/hello' }, ''),
  ]

  const entries = await read(one(Buffer.concat([...archive, end])), { purpose: 'install' })

  expect(entries.map(({ path, target }) => [path, target])).toEqual([
    ['etc/hello', undefined],
    ['etc/link', '/usr/bin/hello'],
  ])
})

test('a body of another length than declared fails the writing', async () => {
  for (const text of ['short', 'much too long']) {
    const input = { ...file('./hello', text), sizeBytes: 8 } as TarInput
    await expect(read(writeTar([input]))).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  }
})

const rawHeader: TarHeader = {
  name: 'hello',
  mode: 0o644,
  ownerId: 0,
  groupId: 0,
  sizeBytes: 0,
  mtime: 0,
  type: '0',
  linkName: '',
  owner: 'root',
  group: 'root',
}

const bad: Record<string, { archive: Buffer[]; limits?: TarLimits }> = {
  'tar-traversal': { archive: rawEntry({ name: '../../etc/passwd' }, 'x') },
  'tar-absolute': { archive: rawEntry({ name: '/etc/passwd' }, 'x') },
  'tar-link-out': { archive: rawEntry({ name: 'a/b', type: '2', linkName: '../../etc' }, '') },
  'tar-link-absolute': { archive: rawEntry({ name: 'a', type: '2', linkName: '/etc' }, '') },
  'tar-through-link': {
    archive: [...rawEntry({ name: 'a', type: '2', linkName: 'b' }, ''), ...rawEntry({ name: 'a/x' }, 'x')],
  },
  'tar-hardlink-nowhere': { archive: rawEntry({ name: 'a', type: '1', linkName: 'b' }, '') },
  'tar-duplicate': { archive: [...rawEntry({ name: 'a' }, 'x'), ...rawEntry({ name: './a' }, 'y')] },
  'tar-device': { archive: rawEntry({ name: 'dev/sda', type: '4' }, '') },
  'tar-unknown-kind': { archive: rawEntry({ name: 'a', type: 'Z' }, '') },
  'tar-sparse': {
    archive: [...rawEntry({ type: 'x' }, paxRecord('GNU.sparse.major=1')), ...rawEntry({ name: 'a' }, 'x')],
  },
  'tar-checksum': { archive: [damagedHeader()] },
  'tar-pax-record': { archive: rawEntry({ type: 'x' }, '999 path=a\n') },
  'tar-long-name': { archive: [encodeTarHeader({ ...rawHeader, type: 'L', sizeBytes: 1 << 30 })] },
  'tar-not-utf8': {
    archive: [...rawEntry({ type: 'L' }, Buffer.from([0x61, 0xff, 0])), ...rawEntry({ name: 'a' }, 'x')],
  },
  'tar-too-many': {
    archive: [...rawEntry({ name: 'a' }, 'x'), ...rawEntry({ name: 'b' }, 'x')],
    limits: { entriesMax: 1 },
  },
  'tar-too-large': { archive: rawEntry({ name: 'a' }, 'x'.repeat(100)), limits: { sizeBytesMax: 99 } },
}

test.each(Object.entries(bad))('%s is refused', async (name, { archive, limits }) => {
  const text = await failure(read(one(Buffer.concat([...archive, end])), limits))

  await expect(text).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})

test('a truncated archive is refused, in a header, in a body and without an end', async () => {
  const whole = Buffer.concat([...rawEntry({ name: 'a' }, 'x'.repeat(2000)), end])
  const texts = []
  for (const sizeBytes of [100, 1000, 512 + 2048])
    texts.push(await failure(read(one(whole.subarray(0, sizeBytes)))))

  await expect(texts.join('\n')).toMatchFileSnapshot('testdata/errors/tar-truncated.txt')
})

const end = Buffer.alloc(1024)

function rawEntry(header: Partial<TarHeader>, body: string | Buffer): Buffer[] {
  const bytes = Buffer.from(body)
  return [
    encodeTarHeader({ ...rawHeader, ...header, sizeBytes: bytes.length }),
    bytes,
    Buffer.alloc(-bytes.length & 511),
  ]
}

function paxRecord(record: string): string {
  let length = record.length + 3
  while (`${length} ${record}\n`.length !== length) length += 1
  return `${length} ${record}\n`
}

function damagedHeader(): Buffer {
  const header = encodeTarHeader(rawHeader)
  header[0] = 0x78
  return header
}

async function* one(bytes: Uint8Array): ByteStream {
  yield bytes
}

async function read(stream: ByteStream, limits?: TarLimits, entriesMax = Number.POSITIVE_INFINITY) {
  const entries = []
  for await (const { body, ...entry } of readTar(stream, limits)) {
    if (entries.length + 1 >= entriesMax) return [...entries, { ...entry, text: '' }]
    let text = ''
    for await (const piece of body()) text += Buffer.from(piece).toString()
    entries.push({ ...entry, text })
  }
  return entries
}

async function failure(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing was refused',
    (error: unknown) => failureText(error),
  )
}
