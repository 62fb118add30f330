import { mapLimited } from '../../lib/limit.ts'
import type { Storage } from '../../storage/storage.ts'
import type { ReadOptions, RepositoryEntry, RepositoryFinding } from '../repository-format.ts'
import { isAccepted, sameText } from './companions.ts'
import { indexOfForm, isFormOf, pathIn } from './layout.ts'
import { isAsListed, placesOf } from './open-index.ts'
import type { AptEntry } from './read-entry.ts'
import type { ListedFile, Release } from './release.ts'

type Entry = RepositoryEntry<AptEntry>

/** What a client of any age would stumble over, besides packages. Reads every listed file whole, as a stream. */
export async function inspect(
  storage: Storage,
  { own, signature }: Entry,
  { verifier, signal }: ReadOptions,
): Promise<readonly RepositoryFinding[]> {
  const findings = await indexFindings(storage, own, signal)
  const path = pathIn(own.layout.folder, 'Release')
  const bytes = await (await storage.get(path, { signal }))?.bytes()
  if (bytes === undefined || !sameText(Buffer.from(bytes).toString('utf8'), own.text)) {
    findings.push({ code: 'APT_RELEASE_DIFFERS', path, message: `${path} does not say what InRelease says.` })
  }
  if (signature.status === 'absent' || bytes === undefined) return findings
  const detached = await (await storage.get(`${path}.gpg`, { signal }))?.bytes()
  if (detached === undefined || (verifier !== undefined && !(await isAccepted(verifier, bytes, detached)))) {
    const message = `${path}.gpg is not a valid signature of ${path}.`
    findings.push({ code: 'APT_RELEASE_SIGNATURE', path: `${path}.gpg`, message })
  }
  return findings
}

async function indexFindings(
  storage: Storage,
  { release, layout: { folder } }: AptEntry,
  signal = new AbortController().signal,
): Promise<RepositoryFinding[]> {
  const findings: RepositoryFinding[] = []
  const readable = new Set<string>()
  const files = [...release.files]
  const states = await mapLimited(
    files,
    4,
    ([name, listed], stop) => stateOf(storage, placesOf(release, folder, name), listed, stop),
    signal,
  )
  files.forEach(([name], number) => {
    if ([...(states[number]?.values() ?? [])].includes('as listed')) readable.add(name)
  })
  // The plain form need not exist; it is listed because apt checks what it unpacks.
  const isReadable = (name: string): boolean =>
    [...readable].some((form) => isFormOf(form, indexOfForm(name)))
  files.forEach(([name], number) => {
    for (const [path, state] of states[number] ?? []) {
      // Where clients look by hash first, they do not go on to the usual name when what they find is damaged.
      if (state !== 'other' || (path !== pathIn(folder, name) && !isReadable(name))) continue
      findings.push({ code: 'APT_INDEX_DIFFERS', path, message: `${path} is not what InRelease lists.` })
    }
  })
  for (const name of release.files.keys()) {
    if (isReadable(name)) continue
    const path = pathIn(folder, name)
    const message = `${path} is listed, but cannot be found in any form.`
    findings.push({ code: 'APT_INDEX_MISSING', path, message })
  }
  return [...findings, ...plainFormFindings(folder, release)]
}

type FileState = 'absent' | 'as listed' | 'other'

/** At every place where clients look for it. */
async function stateOf(
  storage: Storage,
  places: readonly string[],
  listed: ListedFile,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, FileState>> {
  const states = new Map<string, FileState>()
  for (const path of places) {
    const stored = await storage.get(path, { signal })
    if (stored === undefined) states.set(path, 'absent')
    else states.set(path, (await isAsListed(stored, listed)) ? 'as listed' : 'other')
  }
  return states
}

function plainFormFindings(folder: string, { files }: Release): RepositoryFinding[] {
  return [...files.keys()]
    .filter((name) => /(^|\/)Packages\.gz$/.test(name) && !files.has(name.replace(/\.gz$/, '')))
    .map((name) => ({
      code: 'APT_PLAIN_FORM',
      path: pathIn(folder, name),
      message: `${name} is listed, but not the digest of its plain form: apt silently finds no packages.`,
    }))
}

/** Files beside the appended indexes that the entry needs, under all names by which clients may ask for them. */
export function otherFiles({ own, indexes }: Entry): readonly string[] {
  const { release, layout } = own
  const extended = [...indexes.keys()]
  const foreign = [...release.files.keys()].filter((name) => !extended.some((index) => isFormOf(name, index)))
  const entry = ['InRelease', 'Release', 'Release.gpg'].map((name) => pathIn(layout.folder, name))
  return [...entry, ...foreign.flatMap((name) => placesOf(release, layout.folder, name))]
}

/** The folders of names by hash; usual names are overwritten, and never garbage. */
export function indexPrefixes({ own, indexes }: Entry): readonly string[] {
  const folders = [...indexes.keys()].map((index) => index.slice(0, index.lastIndexOf('/') + 1))
  return [...new Set(folders)].map((folder) => pathIn(own.layout.folder, `${folder}by-hash/`))
}
