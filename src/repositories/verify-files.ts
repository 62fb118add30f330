import { UserError } from '../errors.ts'
import { mapLimited } from '../lib/limit.ts'
import type { Storage } from '../storage/storage.ts'
import { PathTable } from './path-table.ts'
import type { PackageEntry, RepositoryFinding } from './repository-format.ts'
import { sha256OfStream } from './upload.ts'

const seen = 1

/** The package files that indexes name, compared with what is there. */
export class PackageFiles {
  readonly #table = new PathTable()
  #prefix: string | undefined

  expect({ path, sizeBytes }: PackageEntry): void {
    this.#table.add(path, sizeBytes)
    this.#prefix = this.#prefix === undefined ? path : commonPrefix(this.#prefix, path)
  }

  /** `read` gives the same entries again, for the messages about the few that are wrong. */
  async findings(
    storage: Storage,
    read: () => AsyncIterable<PackageEntry>,
    signal?: AbortSignal,
  ): Promise<readonly RepositoryFinding[]> {
    if (this.#prefix === undefined) return []
    const wrong = new Map<string, number>()
    // One listing answers for thousands of files; asking for each would request them one by one.
    for await (const { path, sizeBytes } of storage.list(this.#prefix, { signal })) {
      const row = this.#table.find(path)
      if (row === undefined) continue
      this.#table.mark(row, seen)
      if (this.#table.size(row) !== sizeBytes) wrong.set(path, sizeBytes)
    }
    return this.#explain(storage, read, wrong, signal)
  }

  async #explain(
    storage: Storage,
    read: () => AsyncIterable<PackageEntry>,
    wrong: ReadonlyMap<string, number>,
    signal: AbortSignal | undefined,
  ): Promise<readonly RepositoryFinding[]> {
    const findings = new Map<string, RepositoryFinding>()
    if (wrong.size === 0 && this.#isAllSeen()) return []
    for await (const entry of read()) {
      const { path } = entry
      const row = this.#table.find(path)
      const isSeen = row !== undefined && this.#table.isMarked(row, seen)
      if (findings.has(path) || (isSeen && !wrong.has(path))) continue
      // A listing leaves out what is reached over a linked folder.
      const finding = await asFinding(path, async () => {
        const sizeBytes = wrong.get(path) ?? (await storage.head(path, { signal }))?.sizeBytes
        return sizeFinding(entry, sizeBytes)
      })
      if (finding !== undefined) findings.set(path, finding)
    }
    return [...findings.values()]
  }

  #isAllSeen(): boolean {
    return this.#table.countMarked(seen) === this.#table.count
  }
}

/** Such as a path that leads out of the storage: no client gets this file. */
async function asFinding(
  path: string,
  check: () => Promise<RepositoryFinding | undefined>,
): Promise<RepositoryFinding | undefined> {
  try {
    return await check()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { code: error.code, path, message: error.message }
  }
}

function commonPrefix(a: string, b: string): string {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return a.slice(0, length)
}

function sizeFinding(
  { path, sizeBytes }: PackageEntry,
  found: number | undefined,
): RepositoryFinding | undefined {
  if (found === undefined) {
    return { code: 'PACKAGE_MISSING', path, message: `${path} is listed, but is not there.` }
  }
  if (found === sizeBytes) return undefined
  return { code: 'PACKAGE_SIZE', path, message: `${path} has ${found} bytes, but ${sizeBytes} are listed.` }
}

const batchSize = 64

/** Reads each of these packages once and compares its digest. */
export async function digestFindings(
  storage: Storage,
  entries: AsyncIterable<PackageEntry>,
  signal = new AbortController().signal,
): Promise<readonly RepositoryFinding[]> {
  const done = new PathTable()
  const findings: RepositoryFinding[] = []
  let batch: PackageEntry[] = []
  const check = async (): Promise<void> => {
    const found = await mapLimited(batch, 4, (entry, stop) => digestFinding(storage, entry, stop), signal)
    findings.push(...found.filter((finding) => finding !== undefined))
    batch = []
  }
  for await (const entry of entries) {
    if (!done.add(entry.path, 0).isNew) continue
    batch.push(entry)
    if (batch.length === batchSize) await check()
  }
  await check()
  return findings
}

function digestFinding(
  storage: Storage,
  { path, sha256 }: PackageEntry,
  signal: AbortSignal,
): Promise<RepositoryFinding | undefined> {
  return asFinding(path, async () => {
    const stored = await storage.get(path, { signal })
    // That it is not there is said already.
    if (stored === undefined) return undefined
    const found = await sha256OfStream(stored.body())
    if (found === sha256) return undefined
    const message = `${path} has sha256 ${found}, but ${sha256} is listed.`
    return { code: 'PACKAGE_DIGEST', path, message }
  })
}
