import { statSync } from 'node:fs'
import { compressionKinds } from '../src/archive/compression.ts'
import { isDigest } from '../src/lib/digest.ts'
import { rpm } from '../src/packages/rpm/rpm.ts'
import { plainSpec } from '../test/packages/rpm-sample.ts'

// One package with one file, in a process of its own: build-rpm.ts SOURCE OUTPUT KIND LEVEL DIGEST
const [, , source = '', outputPath = '', kindName = '', level = '', digest = ''] = process.argv
const kind = compressionKinds.find((known) => known === kindName)
if (kind === undefined || !isDigest(digest)) {
  throw new Error(`build-rpm.ts SOURCE OUTPUT ${compressionKinds.join('|')} LEVEL DIGEST`)
}

const path = '/usr/lib/big-sample/sample.bin'
const sizeBytes = statSync(source).size
await rpm.build(
  {
    ...plainSpec,
    name: 'big-sample',
    architecture: 'amd64',
    contents: [
      {
        type: 'file',
        path,
        source,
        mode: 0o644,
        owner: 'root',
        group: 'root',
        role: 'plain',
        sizeBytes,
        digest,
      },
    ],
    compression: { kind, level: Number(level) },
  },
  { outputPath },
)
