import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { digestOf, hexOf } from '../../src/lib/digest.ts'
import type { Signer } from '../../src/signing/signer.ts'
import { mustRun } from './command.ts'
import type { IndexForm } from './index-forms.ts'

export interface DnfLayout {
  readonly form: IndexForm
  /** Whether indexes are named by their digest, or plainly "primary.xml.gz". */
  readonly names: 'hashed' | 'plain'
  readonly isUnsorted?: boolean
  /** What the indexes say instead of the number of their packages. */
  readonly count?: string
}

const date = new Date('2025-07-01T12:00:00Z')

/** Indexes the packages below the folder with createrepo_c, and lays its indexes out as asked. */
export async function writeDnfRepository(folder: string, layout: DnfLayout, signer: Signer): Promise<void> {
  await mustRun('createrepo_c', ['--quiet', '--no-database', '--general-compress-type=gz', folder])
  const repomdPath = join(folder, 'repodata/repomd.xml')
  const repomd = await readFile(repomdPath, 'utf8')
  const parts = repomd.split(/(?=<data )/)
  const rewritten: string[] = []
  for (const part of parts) rewritten.push(await rewriteIndex(folder, part, layout))
  const bytes = Buffer.from(rewritten.join(''))
  await writeFile(repomdPath, bytes)
  await writeFile(`${repomdPath}.asc`, await signer.signDetachedArmored(bytes, date))
  await writeFile(`${repomdPath}.key`, signer.publicKeyArmored)
}

/** Stores the index that a `<data>` element names in its new form; the answer is the element for that. */
async function rewriteIndex(folder: string, element: string, layout: DnfLayout): Promise<string> {
  const [, path] = /<location href="(.*?)"/.exec(element) ?? []
  if (path === undefined) return element
  const plain = gunzipSync(await readFile(join(folder, path))).toString()
  const pieces = piecesOf(plain, layout)
  const stored = layout.form.store(pieces)
  const digest = hexOf(digestOf(stored))
  const [, plainName = ''] = /^[0-9a-f]+-(\w+\.xml)\.gz$/.exec(basename(path)) ?? []
  const name = `${layout.names === 'hashed' ? `${digest}-` : ''}${plainName}${layout.form.extension}`
  await rm(join(folder, path))
  await writeFile(join(folder, 'repodata', name), stored)
  const text = pieces.join('')
  return element
    .replace(/<checksum type="sha256">\w+/, `<checksum type="sha256">${digest}`)
    .replace(/<open-checksum type="sha256">\w+/, `<open-checksum type="sha256">${hexOf(digestOf(text))}`)
    .replace(/href=".*?"/, `href="${dirname(path)}/${name}"`)
    .replace(/<size>\d+/, `<size>${stored.length}`)
    .replace(/<open-size>\d+/, `<open-size>${Buffer.byteLength(text)}`)
}

/** The root element's begin, each package, and its end. */
function piecesOf(plain: string, { isUnsorted = false, count }: DnfLayout): readonly string[] {
  const [begin = '', ...rest] = plain.split(/(?=<package )/)
  const last = rest.pop() ?? ''
  const endAt = last.lastIndexOf('</')
  const packages = [...rest, last.slice(0, endAt)]
  const header = count === undefined ? begin : begin.replace(/packages="\d+"/, `packages="${count}"`)
  return [header, ...(isUnsorted ? packages.toReversed() : packages), last.slice(endAt)]
}
