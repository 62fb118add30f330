import { createHash } from 'node:crypto'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDigest } from '../../src/lib/digest.ts'
import { rpm } from '../../src/packages/rpm/rpm.ts'
import { plainSpec } from '../../test/packages/rpm-sample.ts'

export async function makeRpms(folder: string, from: number, to: number): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true })
  const source = join(folder, '.sample')
  writeFileSync(source, 'sample\n')
  const digest = `sha256:${createHash('sha256').update('sample\n').digest('hex')}`
  if (!isDigest(digest)) throw new Error('No digest')
  const files: string[] = []
  for (let number = from; number < to; number++) {
    const name = `sample-${String(number).padStart(6, '0')}`
    const outputPath = join(folder, `${name}-1.0-1.noarch.rpm`)
    await rpm.build(
      {
        ...plainSpec,
        name,
        contents: [
          {
            type: 'file',
            path: `/usr/share/${name}`,
            source,
            mode: 0o644,
            owner: 'root',
            group: 'root',
            role: 'plain',
            sizeBytes: statSync(source).size,
            digest,
          },
        ],
        compression: { kind: 'gzip', level: 1 },
      },
      { outputPath },
    )
    files.push(outputPath)
  }
  return files
}
