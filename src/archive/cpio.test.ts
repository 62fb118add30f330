import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import {
  CpioError,
  cpioPadding,
  encodeCpioEntry,
  encodeCpioTrailer,
  encodeStrippedEntry,
  readCpio,
} from './cpio.ts'

const text = Buffer.from('hello\n')
const entry = { name: './hello', inode: 7, mode: 0o100644, mtime: 1_790_000_000, sizeBytes: text.length }
const archive = Buffer.concat([
  encodeCpioEntry(entry),
  text,
  cpioPadding(text.length),
  encodeCpioEntry({ ...entry, name: './empty', sizeBytes: 0 }),
  encodeCpioTrailer(),
])

/** The bytes in pieces of any size, as a codec gives them. */
async function* inPieces(data: Uint8Array, sizeBytes: number) {
  for (let at = 0; at < data.length; at += sizeBytes) yield data.subarray(at, at + sizeBytes)
}

async function read(data: Uint8Array, pieceBytes = 13) {
  const members: [string | number, number | undefined, string][] = []
  for await (const { file, mode, body } of readCpio(inPieces(data, pieceBytes), () => text.length)) {
    const pieces: Uint8Array[] = []
    for await (const piece of body) pieces.push(piece)
    members.push([file, mode, Buffer.concat(pieces).toString()])
  }
  return members
}

test('cpio lists what we write', () => {
  const listed = execFileSync('cpio', ['-tv', '--quiet', '--numeric-uid-gid'], {
    input: archive,
    env: { TZ: 'UTC', PATH: process.env['PATH'] },
  })

  expect(listed.toString().replace(/ +/g, ' ').trim().split('\n')).toEqual([
    '-rw-r--r-- 1 0 0 6 Sep 21 14:13 ./hello',
    '-rw-r--r-- 1 0 0 0 Sep 21 14:13 ./empty',
  ])
})

test('we read what cpio writes', async () => {
  const made = execFileSync('sh', [
    '-c',
    'cd "$(mktemp -d)" && printf "one\\n" > a && ln -s a b && ls | cpio -o -H newc --quiet && rm -r "$PWD"',
  ])

  expect(await read(made)).toEqual([
    ['a', expect.any(Number), 'one\n'],
    ['b', expect.any(Number), 'a'],
  ])
})

test.each([1, 5, 110, 4096])('an archive in pieces of %i bytes reads the same', async (pieceBytes) => {
  expect(await read(archive, pieceBytes)).toEqual([
    ['./hello', 0o100644, 'hello\n'],
    ['./empty', 0o100644, ''],
  ])
})

test('a body that nobody reads is passed over', async () => {
  const names: (string | number)[] = []
  for await (const { file } of readCpio(inPieces(archive, 50), () => 0)) names.push(file)

  expect(names).toEqual(['./hello', './empty'])
})

test('rpm’s stripped entries have a number, and their size from the caller', async () => {
  const stripped = Buffer.concat([
    encodeStrippedEntry(3),
    text,
    cpioPadding(text.length),
    encodeCpioTrailer(),
  ])

  expect(encodeStrippedEntry(3).length).toBe(16)
  expect(await read(stripped)).toEqual([[3, undefined, 'hello\n']])
})

describe('a broken archive is refused with the offset', () => {
  test.each([
    ['other magic', Buffer.from('070702'.padEnd(200, '0')), 0],
    ['a field that is no number', Buffer.from(archive).fill('x', 6, 8), 6],
    ['a name of no length', Buffer.from(archive).fill('0', 94, 102), 94],
    ['the end inside the header', archive.subarray(0, 60), 60],
    ['the end inside the body', archive.subarray(0, 122), 122],
    ['data behind the end', Buffer.concat([archive, text]), archive.length],
  ])('%s', async (_, data, offset) => {
    const error = await read(data, 4096).catch((reason: unknown) => reason)

    expect(error).toBeInstanceOf(CpioError)
    expect(error).toMatchObject({ offset })
  })
})

test('a size that the fields cannot say is our mistake', () => {
  expect(() => encodeCpioEntry({ ...entry, sizeBytes: 2 ** 32 })).toThrow('does not fit into a field')
})
