import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOfFile } from '../src/lib/digest.ts'
import { writeElfSample } from './elf-sample.ts'
import { compare, measure } from './pair.ts'

// node bench/rpm.ts [MEGABYTES] [KIND:LEVEL …]
// One .rpm with one file of 200 MB, ours beside rpmbuild at the same level. rpmbuild compresses on one core unless it
// is told otherwise, so the second line of zstd and xz gives it two threads.
const [megabytes = '200', ...chosen] = process.argv.slice(2)
const cases = [
  { kind: 'gzip', level: 6, payload: 'w6.gzdio', runs: 3, goal: 1 / 3 },
  { kind: 'zstd', level: 3, payload: 'w3.zstdio', runs: 5, goal: 1 },
  { kind: 'zstd', level: 3, payload: 'w3T2.zstdio', runs: 5, goal: 1 },
  { kind: 'xz', level: 6, payload: 'w6.xzdio', runs: 1, goal: 1 },
  { kind: 'xz', level: 6, payload: 'w6T2.xzdio', runs: 1, goal: 1 },
  { kind: 'zstd', level: 19, payload: 'w19.zstdio', runs: 1, goal: 1 },
  { kind: 'zstd', level: 19, payload: 'w19T2.zstdio', runs: 1, goal: 1 },
].filter(({ payload }) => chosen.length === 0 || chosen.includes(payload))

const folder = mkdtempSync(join(tmpdir(), 'hawser-bench-rpm-'))
try {
  const sample = join(folder, 'sample.bin')
  writeElfSample(sample, Number(megabytes) * 1e6)
  const { digest } = await digestOfFile(sample)
  const specFile = writeSpecFile(sample)
  const build = (kind: string, level: number): string[] => [
    process.execPath,
    join(import.meta.dirname, 'build-rpm.ts'),
    sample,
    join(folder, 'ours.rpm'),
    kind,
    String(level),
    digest,
  ]
  const plain = measure({ name: 'hawser', command: build('none', 0) })
  console.log(`hawser without compression: ${plain.seconds.toFixed(2)} s, ${plain.peakMiB.toFixed(0)} MiB\n`)
  for (const { kind, level, payload, runs, goal } of cases) {
    compare(`one .rpm of ${megabytes} MB, ${kind} ${level} (rpmbuild ${payload})`, {
      ours: {
        name: 'hawser',
        command: build(kind, level),
        outputBytes: () => statSync(join(folder, 'ours.rpm')).size,
      },
      peer: {
        name: 'rpmbuild',
        command: ['rpmbuild', '-bb', '--quiet', ...defines({ _binary_payload: payload }), specFile],
        outputBytes: () => statSync(join(folder, 'out/peer.rpm')).size,
      },
      runs,
      goal,
    })
  }
} finally {
  rmSync(folder, { recursive: true })
}

/** rpmbuild shall pack and nothing else: no stripping, no look into the file, no copy of it. */
function defines(more: Record<string, string>): string[] {
  const macros = {
    _topdir: join(folder, 'top'),
    _rpmdir: join(folder, 'out'),
    _build_name_fmt: 'peer.rpm',
    _build_id_links: 'none',
    debug_package: '%{nil}',
    __os_install_post: '%{nil}',
    ...more,
  }
  return Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`])
}

function writeSpecFile(sample: string): string {
  mkdirSync(join(folder, 'out'))
  const path = join(folder, 'big-sample.spec')
  writeFileSync(
    path,
    `Name: big-sample
Version: 1.0.0
Release: 1
Summary: sample
License: Apache-2.0
AutoReqProv: no
%description
Sample.
%install
mkdir -p %{buildroot}/usr/lib/big-sample
ln ${sample} %{buildroot}/usr/lib/big-sample/sample.bin
%files
/usr/lib/big-sample/sample.bin
`,
  )
  return path
}
