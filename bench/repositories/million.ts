import { createHash } from 'node:crypto'
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { makeDebs } from './debs.ts'
import { ours } from './ours.ts'
import type { Timed } from './timed.ts'

const count = 1_000_000

/** A foreign index of a million packages is taken over with the first addition; then one package is added to it. */
export async function millionPart(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-bench-million-'))
  try {
    const project = join(folder, 'ours')
    const index = 'dists/stable/main/binary-amd64'
    const repository = await ours(project, {
      format: 'apt',
      storage: '{ file: { path: repository } }\n    adopt: true',
    })
    await writeForeignRepository(join(project, 'repository'), index)
    const debs = makeDebs(join(folder, 'files'), count, count + 4)
    console.log('| a million entries | wall | CPU | peak | written |\n| --- | --- | --- | --- | --- |')
    for (const [number, { file }] of debs.entries()) {
      const measured = await repository.add([file])
      console.log(line(number === 0 ? 'take over and add one' : 'add one', measured))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const line = (what: string, { seconds, cpuSeconds, peakMiB, writtenBytes }: Timed): string =>
  `| ${what} | ${seconds.toFixed(2)} s | ${cpuSeconds.toFixed(2)} s | ${peakMiB.toFixed(0)} MiB | ${(writtenBytes / 1e6).toFixed(1)} MB |`

async function writeForeignRepository(root: string, index: string): Promise<void> {
  mkdirSync(join(root, index), { recursive: true })
  const plain = createHash('sha256')
  let plainBytes = 0
  function* stanzas(): Generator<Buffer> {
    let batch = ''
    for (let number = 0; number < count; number++) {
      batch += stanza(number)
      if (batch.length < 1 << 18 && number < count - 1) continue
      const bytes = Buffer.from(batch)
      plain.update(bytes)
      plainBytes += bytes.length
      batch = ''
      yield bytes
    }
  }
  const path = join(root, index, 'Packages.gz')
  const packed = createHash('sha256')
  await pipeline(
    Readable.from(stanzas()),
    createGzip({ level: 6 }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        packed.update(chunk)
        yield chunk
      }
    },
    createWriteStream(path),
  )
  const lines = [
    ` ${plain.digest('hex')} ${plainBytes} main/binary-amd64/Packages`,
    ` ${packed.digest('hex')} ${statSync(path).size} main/binary-amd64/Packages.gz`,
  ]
  const fields =
    'Suite: stable\nDate: Wed, 01 Jan 2025 00:00:00 UTC\nArchitectures: amd64\nComponents: main\nSHA256:'
  writeFileSync(join(root, 'dists/stable/Release'), `${fields}\n${lines.join('\n')}\n`)
}

function stanza(number: number): string {
  const name = `foreign-${String(number).padStart(7, '0')}`
  const sha256 = createHash('sha256').update(name).digest('hex')
  return `Package: ${name}
Version: 1.${number % 31}-1
Architecture: amd64
Maintainer: Release Team <release@example.org>
Installed-Size: ${number % 9000}
Depends: libc6 (>= 2.${number % 30}), libstdc++6 (>= 4.${number % 9})
Section: utils
Priority: optional
Filename: pool/main/f/${name}/${name}_1.${number % 31}-1_amd64.deb
Size: ${1000 + (number % 50000)}
SHA256: ${sha256}
Description: foreign package number ${number}
 With a description of some length, as packages have it.

`
}
