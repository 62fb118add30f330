import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

// Tiny packages, thousands a second: what is measured is the repository, not the building of packages.

export interface SampleDeb {
  readonly name: string
  readonly version: string
  readonly file: string
}

export function makeDebs(folder: string, from: number, to: number): readonly SampleDeb[] {
  mkdirSync(folder, { recursive: true })
  return Array.from({ length: to - from }, (_, index) => makeDeb(folder, from + index))
}

function makeDeb(folder: string, number: number): SampleDeb {
  const name = `sample-${String(number).padStart(6, '0')}`
  const version = `1.${number % 17}.${number % 7}-1`
  const control = [
    `Package: ${name}`,
    `Version: ${version}`,
    'Architecture: amd64',
    'Maintainer: Release Team <release@example.org>',
    `Installed-Size: ${1 + (number % 90)}`,
    `Depends: libc6 (>= 2.${17 + (number % 20)}), sample-${String(number >> 1).padStart(6, '0')}`,
    'Section: utils',
    'Priority: optional',
    `Homepage: https://example.org/${name}`,
    `Description: sample package number ${number}`,
    ` It holds one file of a few bytes and a description of ${number * 7919} words.`,
    '',
  ].join('\n')
  const body = `sample ${number}\n`
  const data = tar([
    ['./', undefined],
    ['./usr/', undefined],
    ['./usr/share/', undefined],
    [`./usr/share/${name}`, body],
  ])
  const file = join(folder, `${name}_${version}_amd64.deb`)
  writeFileSync(
    file,
    ar([
      ['debian-binary', Buffer.from('2.0\n')],
      [
        'control.tar.gz',
        gzipSync(
          tar([
            ['./', undefined],
            ['./control', control],
          ]),
          { level: 1 },
        ),
      ],
      ['data.tar.gz', gzipSync(data, { level: 1 })],
    ]),
  )
  return { name, version, file }
}

function ar(members: readonly (readonly [name: string, body: Buffer])[]): Buffer {
  const parts = members.flatMap(([name, body]) => [
    Buffer.from(
      `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(body.length).padEnd(10)}\`\n`,
    ),
    body,
    Buffer.alloc(body.length % 2, '\n'),
  ])
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts])
}

function tar(entries: readonly (readonly [path: string, body: string | undefined])[]): Buffer {
  const parts = entries.flatMap(([path, text]) => {
    const body = Buffer.from(text ?? '')
    return [
      header(path, body.length, text === undefined),
      body,
      Buffer.alloc((512 - (body.length % 512)) % 512),
    ]
  })
  return Buffer.concat([...parts, Buffer.alloc(1024)])
}

function header(path: string, sizeBytes: number, isFolder: boolean): Buffer {
  const block = Buffer.alloc(512)
  block.write(path, 0)
  block.write(isFolder ? '0000755\0' : '0000644\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  block.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124)
  block.write('00000000000\0', 136)
  block.write('        ', 148)
  block.write(isFolder ? '5' : '0', 156)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}
