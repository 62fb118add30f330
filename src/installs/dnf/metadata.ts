import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf, hexOf } from '../../lib/digest.ts'
import { footerOf, headerOf } from '../../repositories/dnf/index-shapes.ts'
import { renderRecord, renderRepomd } from '../../repositories/dnf/repomd.ts'
import type { ResolverWorld } from '../install-resolver.ts'

/** The repository as dnf reads it: the packages that matter, in files of our own. */
export async function writeMetadata(
  { header, packages, footer }: ResolverWorld,
  folder: string,
): Promise<void> {
  const primary = Buffer.concat([header, ...packages.map(({ bytes }) => bytes), footer])
  const filelists = Buffer.concat([headerOf('filelists', {}), footerOf('filelists')])
  await mkdir(join(folder, 'repodata'), { recursive: true })
  const records: string[] = []
  for (const [type, bytes] of Object.entries({ primary, filelists })) {
    const path = `repodata/${type}.xml`
    await writeFile(join(folder, path), bytes)
    const checksum = { type: 'sha256', value: hexOf(digestOf(bytes)) }
    const sizes = { sizeBytes: bytes.length, openSizeBytes: bytes.length }
    records.push(renderRecord({ type, checksum, openChecksum: checksum, path, timestamp: 0, ...sizes }))
  }
  const repomd = renderRepomd({ revision: '0', rootAttributes: {}, others: [], records })
  await writeFile(join(folder, 'repodata/repomd.xml'), repomd)
}
