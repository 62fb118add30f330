import type { CompressionKind } from '../../archive/compression.ts'
import { mapLimited } from '../../lib/limit.ts'
import type { Signer } from '../../signing/signer.ts'
import type {
  PackageInput,
  RenderContext,
  RenderedRepository,
  RepositoryState,
  Upload,
} from '../repository-format.ts'
import { signCleartext, signDetached } from './clearsigned.ts'
import { type ContentsAddition, contentsOwner, mergeContents } from './contents-index.ts'
import { type DebFacts, type DebReader, poolPath } from './deb-facts.ts'
import { byHashPath, type IndexFile, isFormOf, renderForms, variantName } from './index-files.ts'
import { mergeStanzas, parseStanza, renderPackages, type Stanza } from './packages-index.ts'
import type { AptIndex } from './read.ts'
import {
  type HashField,
  hasByHash,
  hashFieldNames,
  hashFields,
  type Release,
  renderRelease,
} from './release.ts'
import { architecturesOf, dateOf, releaseFields, type SuiteOptions } from './release-fields.ts'
import { renderStanza } from './stanza.ts'

export interface AptLayout extends SuiteOptions {
  /** `dists/<suite>`. */
  readonly suitePath: string
  /** Besides gzip, which is always written. */
  readonly compressions: ReadonlySet<CompressionKind>
  readonly contents: boolean
}

interface Addition {
  readonly input: PackageInput
  readonly facts: DebFacts
  readonly stanza: Stanza
}

export async function renderApt(
  layout: AptLayout,
  reader: DebReader,
  state: RepositoryState<AptIndex>,
  inputs: readonly PackageInput[],
  { signers, date: wantedDate, signal = new AbortController().signal }: RenderContext,
): Promise<RenderedRepository> {
  const existing = state.exists ? state.index.release : undefined
  const additions = await mapLimited(inputs, 4, (input) => readAddition(layout, reader, input), signal)
  const added = additions.map(({ facts }) => facts.architecture)
  const architectures = architecturesOf(layout, existing, added)
  const sections = hashFieldNames.filter((name) => name === 'SHA256' || existing?.sections.includes(name))

  const texts = new Map([
    ...changedPackages(layout, state, architectures, additions),
    ...(await changedContents(layout, reader, state, architectures, additions)),
  ])
  const indexes: IndexFile[] = []
  for (const [base, text] of texts) {
    indexes.push(...(await renderForms(base, text, formsOf(layout, existing, base), sections)))
  }

  const date = dateOf(existing, wantedDate)
  const fingerprints = signers.map(({ fingerprint }) => fingerprint)
  const fields = releaseFields(layout, { existing, architectures, date, fingerprints })
  const release = { fields, sections, files: listedFiles(existing, [...texts.keys()], indexes) }
  return {
    content: additions.map(({ input, facts }) => contentUpload(layout, input, facts)),
    indexes: byHashUploads(layout, indexes, sections),
    ...(await entryUploads(layout, renderRelease(release), signers, date, indexes)),
  }
}

async function readAddition(
  { component }: AptLayout,
  reader: DebReader,
  input: PackageInput,
): Promise<Addition> {
  const facts = await reader.facts(input)
  const text = renderStanza(facts, poolPath(facts, component))
  return { input, facts, stanza: parseStanza(text, input.artifact.name, 1) }
}

/** The Packages indexes that get other bytes, or that have no by-hash name yet (a repository that is taken over). */
function changedPackages(
  { component }: AptLayout,
  { exists, index }: RepositoryState<AptIndex>,
  architectures: readonly string[],
  additions: readonly Addition[],
): ReadonlyMap<string, string> {
  const changed = new Map<string, string>()
  if (exists && !hasByHash(index.release)) {
    for (const [base, stanzas] of index.packages) changed.set(base, renderPackages(stanzas))
  }
  for (const architecture of indexedArchitectures(component, index, architectures)) {
    const base = packagesBase(component, architecture)
    const there = index.packages.get(base)
    const wanted = additions.filter(({ facts }) => belongsTo(facts.architecture, architecture))
    if (there !== undefined && wanted.length === 0) continue
    const start = there ?? portableStanzas(component, index)
    changed.set(
      base,
      renderPackages(
        mergeStanzas(
          start,
          wanted.map(({ stanza }) => stanza),
        ),
      ),
    )
  }
  return changed
}

const packagesBase = (component: string, architecture: string): string =>
  `${component}/binary-${architecture}/Packages`

const belongsTo = (architecture: string, index: string): boolean =>
  architecture === index || architecture === 'all'

/** Debian itself keeps a `binary-all` index too; where there is one, it goes on. */
function indexedArchitectures(
  component: string,
  { packages }: AptIndex,
  architectures: readonly string[],
): readonly string[] {
  return packages.has(packagesBase(component, 'all')) ? [...architectures, 'all'] : architectures
}

/** An architecture that is new to a component starts with the packages that run everywhere. */
function portableStanzas(component: string, { packages }: AptIndex): readonly Stanza[] {
  const found = new Map<string, Stanza>()
  for (const [base, stanzas] of packages) {
    if (!base.startsWith(`${component}/binary-`)) continue
    for (const stanza of stanzas) if (stanza.architecture === 'all') found.set(stanza.text, stanza)
  }
  return [...found.values()]
}

/**
 * Contents that get other bytes. They are extended where they are complete: where they are listed already, or where the
 * index of packages was empty. Starting them beside packages that we never saw would claim those have no files.
 */
async function changedContents(
  { component, contents }: AptLayout,
  reader: DebReader,
  { index }: RepositoryState<AptIndex>,
  architectures: readonly string[],
  additions: readonly Addition[],
): Promise<ReadonlyMap<string, string>> {
  const changed = new Map<string, string>()
  if (!contents) return changed
  const listed = [...index.release.files.keys()]
  for (const architecture of architectures) {
    const wanted = additions.filter(({ facts }) => belongsTo(facts.architecture, architecture))
    if (wanted.length === 0) continue
    const own = `${component}/Contents-${architecture}`
    const bases = [own, `Contents-${architecture}`].filter((base) =>
      listed.some((path) => isFormOf(path, base)),
    )
    const isFresh =
      (index.packages.get(packagesBase(component, architecture)) ?? portableStanzas(component, index))
        .length === 0
    const additionsTo = await contentsAdditions(reader, wanted)
    for (const base of bases) changed.set(base, mergeContents(await index.readText(base), additionsTo))
    if (bases.length === 0 && isFresh) changed.set(own, mergeContents('', additionsTo))
  }
  return changed
}

async function contentsAdditions(
  reader: DebReader,
  additions: readonly Addition[],
): Promise<readonly ContentsAddition[]> {
  const found: ContentsAddition[] = []
  for (const { input, facts } of additions) {
    found.push({ owner: contentsOwner(facts.name, facts.section), files: await reader.files(input) })
  }
  return found
}

function formsOf(
  { compressions }: AptLayout,
  existing: Release | undefined,
  base: string,
): ReadonlySet<CompressionKind> {
  const kinds = new Set<CompressionKind>(['gzip', ...compressions])
  for (const kind of ['xz', 'zstd'] as const)
    if (existing?.files.has(variantName(base, kind))) kinds.add(kind)
  return kinds
}

/** Forms of a changed index that we cannot write would be of the old state, so they are no longer listed. */
function listedFiles(
  existing: Release | undefined,
  bases: readonly string[],
  indexes: readonly IndexFile[],
): Release['files'] {
  const files = new Map(existing?.files)
  for (const path of files.keys()) if (bases.some((base) => isFormOf(path, base))) files.delete(path)
  for (const { path, listed } of indexes) files.set(path, listed)
  return files
}

function contentUpload({ component }: AptLayout, { file }: PackageInput, facts: DebFacts): Upload {
  return {
    path: poolPath(facts, component),
    body: { file, sizeBytes: facts.sizeBytes },
    contentType: 'application/vnd.debian.binary-package',
    caching: 'immutable',
  }
}

/** apt asks for the strongest digest that is listed, so this name must exist; SHA256 is for everybody else. */
function byHashUploads(
  { suitePath }: AptLayout,
  indexes: readonly IndexFile[],
  sections: readonly HashField[],
): readonly Upload[] {
  const uploads = new Map<string, Upload>()
  for (const { path, bytes, listed } of indexes) {
    for (const section of sections) {
      const hash = listed.hashes[hashFields[section]]
      if (hash === undefined || section === 'MD5Sum' || section === 'SHA1') continue
      const name = `${suitePath}/${byHashPath(path, section, hash)}`
      uploads.set(name, { path: name, body: bytes, contentType: contentTypeOf(path), caching: 'immutable' })
    }
  }
  return [...uploads.values()]
}

const contentTypes: { readonly [extension: string]: string } = {
  gz: 'application/gzip',
  xz: 'application/x-xz',
  zst: 'application/zstd',
}

export const contentTypeOf = (path: string): string =>
  contentTypes[path.slice(path.lastIndexOf('.') + 1)] ?? 'text/plain; charset=utf-8'

async function entryUploads(
  { suitePath }: AptLayout,
  text: string,
  signers: readonly Signer[],
  date: Date,
  indexes: readonly IndexFile[],
): Promise<Pick<RenderedRepository, 'entry' | 'companions'>> {
  const usual = indexes.map(({ path, bytes }) => usualUpload(suitePath, path, bytes))
  const signed = signers.length === 0 ? text : await signCleartext(signers, text, date)
  const release = usualUpload(suitePath, 'Release', Buffer.from(text))
  const entry = usualUpload(suitePath, 'InRelease', Buffer.from(signed))
  if (signers.length === 0) return { entry, companions: [...usual, release] }
  const signature = await signDetached(signers, Buffer.from(text), date)
  return {
    entry,
    companions: [...usual, release, usualUpload(suitePath, 'Release.gpg', Buffer.from(signature))],
  }
}

/** A file under a name that is overwritten. */
export const usualUpload = (suitePath: string, path: string, body: Uint8Array): Upload => ({
  path: `${suitePath}/${path}`,
  body,
  contentType: contentTypeOf(path),
  caching: 'entry',
})
