import { join } from 'node:path'
import { deb } from '../../src/packages/deb/deb.ts'
import { fullSpec, sourceFile } from './deb-fixture.ts'

// Builds one package in a process of its own: deb-build-process.ts FOLDER KIND
const [, , folder = '', kind = ''] = process.argv
if (kind !== 'gzip' && kind !== 'xz' && kind !== 'zstd' && kind !== 'none')
  throw new Error(`What is ${kind}?`)

const spec = fullSpec(folder)
// More than one member, block and job.
const big = Uint8Array.from({ length: 5 << 20 }, (_byte, index) => Math.imul(index, index >> 3) >>> 7)
const level = kind === 'none' ? 0 : 1
const contents = [...spec.contents, sourceFile(folder, '/usr/share/hello-hawser/sample.bin', big)]
await deb.build(
  { ...spec, contents, compression: { kind, level } },
  { outputPath: join(folder, 'package.deb') },
)
