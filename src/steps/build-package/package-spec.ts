import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { UserError } from '../../errors.ts'
import { parseDebianChangelog } from '../../packages/debian-changelog.ts'
import type { ChangelogEntry, ContentEntry, PackageSpec, Trigger } from '../../packages/package-spec.ts'
import { unitFolder } from '../../packages/systemd-unit.ts'
import type { Materials } from '../materials.ts'
import { entriesOf } from './contents.ts'
import type { ContentDeclaration, PackageDeclaration } from './declaration.ts'
import { wrapDescription } from './description.ts'
import { compressManPages } from './man-pages.ts'

/** What a declaration does not say. */
export interface BuildWorld {
  readonly epoch: number
  /** Files that were made for this package, beside those that it names. */
  readonly made: readonly MadeFile[]
}

export interface MadeFile {
  /** Absolute, where it is installed. */
  readonly path: string
  readonly body: Uint8Array
  readonly role: FileEntry['role']
}

type FileEntry = Extract<ContentEntry, { type: 'file' }>

/** Resolves a declaration to what a format builds; undefined when some source is not at hand yet. */
export async function packageSpec(
  declared: PackageDeclaration,
  materials: Materials,
  { epoch, made }: BuildWorld,
): Promise<PackageSpec | undefined> {
  const contents = await allEntries(declared, materials, made)
  const scripts = await texts(Object.entries(declared.scripts), materials)
  const triggers = await triggersOf(declared, materials)
  const changelog = await changelogOf(declared, materials)
  if (contents === undefined || scripts === undefined || triggers === undefined || changelog === undefined) {
    return undefined
  }
  return {
    name: declared.name,
    version: declared.version,
    architecture: declared.architecture,
    summary: declared.summary,
    description: wrapDescription(declared.description),
    maintainer: declared.maintainer,
    vendor: declared.vendor,
    homepage: declared.homepage,
    license: declared.license,
    section: declared.section,
    priority: declared.priority,
    distribution: declared.distribution,
    relations: declared.relations,
    contents,
    scripts,
    triggers,
    systemd: declared.systemd.map((unit) => ({ ...unit, unit: basename(unit.unit) })),
    changelog,
    compression: declared.compression,
    fields: declared.fields,
    epoch,
  }
}

async function allEntries(
  declared: PackageDeclaration,
  materials: Materials,
  made: readonly MadeFile[],
): Promise<readonly ContentEntry[] | undefined> {
  const entries: ContentEntry[] = []
  for (const file of made) entries.push(await madeEntry(file, materials))
  for (const content of [...declared.contents, ...unitFiles(declared)]) {
    const found = await entriesOf(content, materials)
    if (found === undefined) return undefined
    entries.push(...found)
  }
  const compressed = await compressManPages(entries, materials)
  return compressed?.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
}

async function madeEntry({ path, body, role }: MadeFile, { keep, store }: Materials): Promise<FileEntry> {
  const digest = await keep(body)
  return {
    type: 'file',
    path,
    source: store.path(digest),
    sizeBytes: body.length,
    digest,
    mode: 0o644,
    role,
    owner: 'root',
    group: 'root',
  }
}

const unitFiles = ({ systemd }: PackageDeclaration): readonly ContentDeclaration[] =>
  systemd.map(({ unit }) => ({
    type: 'file',
    from: unit,
    to: `${unitFolder}/${basename(unit)}`,
    mode: 0o644,
    role: 'plain',
    owner: 'root',
    group: 'root',
  }))

async function triggersOf(
  { triggers }: PackageDeclaration,
  materials: Materials,
): Promise<readonly Trigger[] | undefined> {
  const resolved: Trigger[] = []
  for (const { kind, on, script } of triggers) {
    if (script === undefined) {
      resolved.push({ kind, on })
      continue
    }
    const text = await textOf(script, materials)
    if (text === undefined) return undefined
    resolved.push({ kind, on, script: text })
  }
  return resolved
}

async function texts(
  files: readonly (readonly [string, string | undefined])[],
  materials: Materials,
): Promise<Record<string, string> | undefined> {
  const result: Record<string, string> = {}
  for (const [name, path] of files) {
    if (path === undefined) continue
    const text = await textOf(path, materials)
    if (text === undefined) return undefined
    result[name] = text
  }
  return result
}

async function textOf(path: string, { project, store }: Materials): Promise<string | undefined> {
  const found = await project(path)
  const [file, second] = found?.files ?? []
  if (found === undefined) return undefined
  if (file === undefined || second !== undefined) {
    throw new UserError('SCRIPT_NOT_ONE_FILE', `"${path}" is not one file.`, {
      hint: 'Name a single script file.',
    })
  }
  // Looked at without fetching, a file that was never built with is not in the store.
  return (await store.has(file.digest)) ? readFile(store.path(file.digest), 'utf8') : undefined
}

async function changelogOf(
  { changelog }: PackageDeclaration,
  materials: Materials,
): Promise<readonly ChangelogEntry[] | undefined> {
  if (changelog.from === 'entries') return changelog.entries
  const text = await textOf(changelog.path, materials)
  return text === undefined ? undefined : parseDebianChangelog(text, changelog.path)
}
