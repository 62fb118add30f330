import { readFile } from 'node:fs/promises'
import { rpm } from '../../src/packages/rpm/rpm.ts'
import { openpgpSigner } from '../../src/signing/openpgp/signer.ts'
import { plainSpec, Sample } from './rpm-sample.ts'

// Builds the same signed package in a process of its own: rpm-child.ts KEY OUTPUT KIND
const [, , keyFile = '', outputPath = '', kind = ''] = process.argv
const sample = await Sample.create()
try {
  const signer = await openpgpSigner({ key: await readFile(keyFile), now: new Date('2026-11-20T00:00:00Z') })
  const big = Buffer.alloc(6_000_000, 'The quick brown fox jumps over the lazy dog. ')
  const contents = [
    await sample.file('/etc/hello.conf', 'a\n', { role: 'config-noreplace' }),
    await sample.file('/usr/share/hello/big', big),
    await sample.file('/usr/share/hello/Ärger', 'a\n'),
    await sample.file('/usr/share/hello/zebra', 'a\n'),
  ]
  const level = { gzip: 6, xz: 3, zstd: 3, none: 0 }[kind]
  if (level === undefined) throw new Error(`${kind} is no compression`)
  await rpm.build(
    {
      ...plainSpec,
      contents,
      changelog: [{ version: '1', author: 'R <r@example.org>', date: 1_789_999_999, changes: ['Ä'] }],
      compression: { kind: kind as 'gzip', level }, // one of the four words above
    },
    { outputPath, signer },
  )
} finally {
  await sample.remove()
}
