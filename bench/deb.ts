import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOfFile } from '../src/lib/digest.ts'
import { writeElfSample } from './elf-sample.ts'
import { compare, measure } from './pair.ts'

// node bench/deb.ts [MEGABYTES] [KIND:LEVEL …]
// One .deb with one file of 200 MB, ours beside dpkg-deb at the same level and with its default threads. dpkg-deb only packs:
// the MD5 sums that every Debian package carries, and ours too, are made before it, as dh_md5sums makes them.
const [megabytes = '200', ...chosen] = process.argv.slice(2)
const cases = [
  { kind: 'gzip', level: 6, runs: 5, goal: 1 / 3 },
  { kind: 'zstd', level: 3, runs: 5, goal: 1 },
  { kind: 'xz', level: 6, runs: 3, goal: 1 },
  { kind: 'zstd', level: 19, runs: 3, goal: 1 },
].filter(({ kind, level }) => chosen.length === 0 || chosen.includes(`${kind}:${level}`))

/** $1: the tree; $2, $3: compression; $4: the output. */
const peerScript = `
(cd "$1" && find . -type f ! -path './DEBIAN/*' -printf '%P\\0' | xargs -r0 md5sum > DEBIAN/md5sums)
exec dpkg-deb --root-owner-group "$2" "$3" -b "$1" "$4"`

const folder = mkdtempSync(join(tmpdir(), 'hawser-bench-deb-'))
try {
  const sample = join(folder, 'sample.bin')
  writeElfSample(sample, Number(megabytes) * 1e6)
  // Sources come with their digests: they were fetched by them.
  const { digest } = await digestOfFile(sample)
  const tree = peerTree(sample)
  const build = (kind: string, level: number): string[] => [
    process.execPath,
    join(import.meta.dirname, 'build-deb.ts'),
    sample,
    join(folder, 'ours.deb'),
    kind,
    String(level),
    digest,
  ]
  const plain = measure({ name: 'hawser', command: build('none', 0) })
  console.log(`hawser without compression: ${plain.seconds.toFixed(2)} s, ${plain.peakMiB.toFixed(0)} MiB\n`)
  for (const { kind, level, runs, goal } of cases) {
    compare(`one .deb of ${megabytes} MB, ${kind} ${level}`, {
      ours: {
        name: 'hawser',
        command: build(kind, level),
        outputBytes: () => statSync(join(folder, 'ours.deb')).size,
      },
      peer: {
        name: 'md5sum and dpkg-deb',
        command: ['sh', '-ec', peerScript, 'peer', tree, `-Z${kind}`, `-z${level}`, join(folder, 'peer.deb')],
        outputBytes: () => statSync(join(folder, 'peer.deb')).size,
      },
      runs,
      goal,
    })
  }
} finally {
  rmSync(folder, { recursive: true })
}

function peerTree(sample: string): string {
  const tree = join(folder, 'tree')
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true, mode: 0o755 })
  mkdirSync(join(tree, 'usr/lib/big-sample'), { recursive: true, mode: 0o755 })
  copyFileSync(sample, join(tree, 'usr/lib/big-sample/sample.bin'))
  const control = {
    Package: 'big-sample',
    Version: '1.0.0-1',
    Architecture: 'amd64',
    Maintainer: 'Release Team <release@example.org>',
    Description: 'sample',
  }
  const fields = Object.entries(control).map(([name, value]) => `${name}: ${value}\n`)
  writeFileSync(join(tree, 'DEBIAN/control'), fields.join(''))
  return tree
}
