import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { digestOf, hexOf } from '../../src/lib/digest.ts'
import type { Signer } from '../../src/signing/signer.ts'
import { mustRun } from './command.ts'
import type { IndexForm } from './index-forms.ts'

export interface AptLayout {
  readonly form: IndexForm
  /** Where the index is: below by-hash, at its usual name, or at both. */
  readonly names: 'by-hash' | 'usual' | 'both'
  readonly isUnsorted?: boolean
}

const date = new Date('2025-07-01T12:00:00Z')

/** Makes a repository (suite "stable", component "main", amd64) of the packages in `<folder>/pool` with Debian's own indexer, laid out as asked. */
export async function writeAptRepository(
  folder: string,
  { form, names, isUnsorted = false }: AptLayout,
  signer: Signer,
): Promise<void> {
  const index = await mustRun('apt-ftparchive', ['packages', 'pool'], { cwd: folder })
  const sorted = index.split(/(?<=\n)\n/).filter((stanza) => stanza !== '')
  const stanzas = (isUnsorted ? sorted.toReversed() : sorted).map((stanza) => `${stanza}\n`)
  const stored = form.store(stanzas)
  const path = 'main/binary-amd64/Packages'
  // Without the hash of the plain text apt finds nothing, and says nothing; that file need not exist.
  const listed = [
    [path, Buffer.from(stanzas.join(''))],
    [`${path}${form.extension}`, stored],
  ] as const
  const hashes = listed.map(([name, bytes]) => ` ${hexOf(digestOf(bytes))} ${bytes.length} ${name}\n`)
  const fields = {
    Suite: 'stable',
    Codename: 'stable',
    Date: date.toUTCString(),
    ...(names === 'usual' ? {} : { 'Acquire-By-Hash': 'yes' }),
    Architectures: 'amd64',
    Components: 'main',
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`)
  const release = `${lines.join('')}SHA256:\n${hashes.join('')}`
  const write = async (name: string, bytes: string | Uint8Array) => {
    await mkdir(dirname(join(folder, 'dists/stable', name)), { recursive: true })
    await writeFile(join(folder, 'dists/stable', name), bytes)
  }
  if (names !== 'usual') await write(`${dirname(path)}/by-hash/SHA256/${hexOf(digestOf(stored))}`, stored)
  if (names !== 'by-hash') await write(`${path}${form.extension}`, stored)
  await write('InRelease', await signer.signCleartext(release, date))
}
