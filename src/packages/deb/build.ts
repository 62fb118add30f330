import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { compress } from '../../archive/compress.ts'
import { type ByteStream, compressions } from '../../archive/compression.ts'
import { type TarInput, writeTar } from '../../archive/write-tar.ts'
import type { BuildContext } from '../package-format.ts'
import type { PackageSpec } from '../package-spec.ts'
import {
  type ControlFile,
  collect,
  controlTar,
  type DebMember,
  debArchive,
  formatVersion,
  once,
  originSignature,
} from './archive.ts'
import { renderChangelog } from './changelog.ts'
import { renderControl } from './control.ts'
import { renderCopyright } from './copyright.ts'
import {
  changelogPath,
  copyrightPath,
  type DataEntry,
  type DataFile,
  dataEntries,
  installedSizeKiB,
} from './entries.ts'
import { controlFields } from './fields.ts'
import { readInPlace, writePackageFile } from './files.ts'
import { maintainerScripts } from './scripts.ts'
import { sourceBody } from './source-body.ts'
import { staticGroupIds, staticUserIds } from './static-ids.ts'

/** Writes data.tar beside the output first, because control.tar, which stands before it, has its files' MD5 sums. */
export async function buildDeb(spec: PackageSpec, context: BuildContext): Promise<void> {
  const entries = await allEntries(spec)
  const md5sums = new Map<string, string>()
  const data = dataArchive(spec, entries, md5sums, context.signal)
  await writePackageFile(`${context.outputPath}.data`, data, async (dataFile) => {
    const control = await controlTar(controlFiles(spec, entries, md5sums), spec)
    const extension = compressions[spec.compression.kind].extension
    const members: DebMember[] = [
      { name: 'debian-binary', sizeBytes: 4, body: () => once(Buffer.from(formatVersion)) },
      { name: `control.tar${extension}`, sizeBytes: control.length, body: () => once(control) },
      {
        name: `data.tar${extension}`,
        sizeBytes: dataFile.sizeBytes,
        body: () => readInPlace(dataFile.path),
      },
      ...(await signature(spec, context, control, dataFile.path)),
    ]
    await writePackageFile(context.outputPath, debArchive(members, spec.epoch), ({ keep }) => keep())
  })
}

async function allEntries(spec: PackageSpec): Promise<readonly DataEntry[]> {
  const changelog = compress(once(Buffer.from(renderChangelog(spec))), 'gzip', { level: 9, frames: 'single' })
  return dataEntries(spec, [
    { path: changelogPath(spec), bytes: await collect(changelog) },
    { path: copyrightPath(spec), bytes: Buffer.from(await renderCopyright(spec)) },
  ])
}

function dataArchive(
  spec: PackageSpec,
  entries: readonly DataEntry[],
  md5sums: Map<string, string>,
  signal: AbortSignal | undefined,
): ByteStream {
  const root = {
    ...ownership('root', 'root'),
    type: 'directory',
    path: '.',
    mode: 0o755,
    mtime: spec.epoch,
  } as const
  const inputs = entries.map((entry): TarInput => {
    const { path, owner, group } = entry
    const common = { ...ownership(owner, group), path: `.${path}`, mtime: spec.epoch }
    if (entry.type === 'symlink') return { ...common, type: 'symlink', mode: 0o777, target: entry.target }
    if (entry.type === 'directory') return { ...common, type: 'directory', mode: entry.mode }
    const body = (): ByteStream => summed(entry, md5sums, signal)
    return { ...common, type: 'file', mode: entry.mode, sizeBytes: entry.sizeBytes, body }
  })
  return compress(writeTar([root, ...inputs]), spec.compression.kind, {
    ...spec.compression,
    frames: 'single',
  })
}

async function* summed(
  file: DataFile,
  md5sums: Map<string, string>,
  signal: AbortSignal | undefined,
): ByteStream {
  const md5 = createHash('md5')
  for await (const piece of 'bytes' in file ? once(file.bytes) : sourceBody(file)) {
    signal?.throwIfAborted()
    md5.update(piece)
    yield piece
  }
  md5sums.set(file.path, md5.digest('hex'))
}

function controlFiles(
  spec: PackageSpec,
  entries: readonly DataEntry[],
  md5sums: ReadonlyMap<string, string>,
): readonly ControlFile[] {
  const conffiles = entries.filter(isConfig).map(({ path }) => `${path}\n`)
  const sums = entries
    .filter((entry) => entry.type === 'file' && !isConfig(entry))
    // The path without its slash, as dh_md5sums writes it; configuration files may change and are left out.
    .map(({ path }) => `${md5sums.get(path)}  ${path.slice(1)}\n`)
  const triggers = spec.triggers.map(({ kind, on }) => `${kind} ${on}\n`)
  const files: [name: string, text: string, mode: number][] = [
    ['conffiles', conffiles.join(''), 0o644],
    ['control', renderControl(controlFields(spec, installedSizeKiB(entries))), 0o644],
    ['md5sums', sums.join(''), 0o644],
    ...[...maintainerScripts(spec)].map(([name, text]): [string, string, number] => [name, text, 0o755]),
    ['triggers', triggers.join(''), 0o644],
  ]
  return files.map(([name, text, mode]) => ({ name, bytes: Buffer.from(text), mode }))
}

const isConfig = (entry: DataEntry): boolean => entry.type === 'file' && entry.role.startsWith('config')

async function signature(
  { epoch }: PackageSpec,
  { signer }: BuildContext,
  control: Uint8Array,
  dataPath: string,
): Promise<readonly DebMember[]> {
  if (signer === undefined) return []
  // The port signs bytes at hand, so this one feature needs the compressed package in memory.
  return [await originSignature({ control, data: await readFile(dataPath) }, { signer, epoch })]
}

function ownership(owner: string, group: string) {
  return { owner, group, ownerId: idOf(owner, staticUserIds), groupId: idOf(group, staticGroupIds) }
}

function idOf(name: string, ids: { readonly [name: string]: number }): number {
  if (/^\d+$/.test(name)) return Number(name)
  return Object.hasOwn(ids, name) ? (ids[name] ?? 0) : 0
}
