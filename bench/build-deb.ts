import { statSync } from 'node:fs'
import { isDigest } from '../src/lib/digest.ts'
import { deb } from '../src/packages/deb/deb.ts'
import type { PackageCompression, PackageSpec } from '../src/packages/package-spec.ts'

// One package with one file, in a process of its own: build-deb.ts SOURCE OUTPUT KIND LEVEL DIGEST
const [, , source = '', outputPath = '', kind = '', level = '', digest = ''] = process.argv
const kinds: readonly string[] = ['gzip', 'xz', 'zstd', 'none'] satisfies PackageCompression['kind'][]
if (!kinds.includes(kind)) throw new Error(`build-deb.ts SOURCE OUTPUT ${kinds.join('|')} LEVEL`)

if (!isDigest(digest)) throw new Error(`"${digest}" is not the digest of ${source}`)
const spec: PackageSpec = {
  name: 'big-sample',
  version: { epoch: 0, declared: '1.0.0', build: '1', scheme: 'standard' },
  architecture: 'amd64',
  summary: 'sample',
  description: 'Sample.',
  maintainer: 'Release Team <release@example.org>',
  vendor: undefined,
  homepage: undefined,
  license: 'Apache-2.0',
  section: 'utils',
  priority: 'optional',
  distribution: undefined,
  relations: {
    depends: [],
    preDepends: [],
    recommends: [],
    suggests: [],
    enhances: [],
    conflicts: [],
    breaks: [],
    provides: [],
    replaces: [],
    obsoletes: [],
  },
  contents: [
    {
      type: 'file',
      path: '/usr/lib/big-sample/sample.bin',
      source,
      sizeBytes: statSync(source).size,
      digest,
      mode: 0o644,
      owner: 'root',
      group: 'root',
      role: 'plain',
    },
  ],
  scripts: {},
  triggers: [],
  systemd: [],
  changelog: [],
  compression: { kind: kind as PackageCompression['kind'], level: Number(level) }, // one of `kinds`
  fields: {},
  epoch: 1_760_000_000,
}
await deb.build(spec, { outputPath })
