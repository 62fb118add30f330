import { Refusal, UserError } from '../../errors.ts'
import type { ObjectVersion, Storage } from '../../storage/storage.ts'
import type { EntrySignature, ReadOptions, RepositoryState } from '../repository-format.ts'
import { signedText, withLineEnd } from './clearsigned.ts'
import { readIndexText } from './index-files.ts'
import { entriesOf, type packagesParser, type Stanza } from './packages-index.ts'
import { emptyRelease, parseRelease, type Release } from './release.ts'

export interface AptIndex {
  readonly release: Release
  /** The Release file as it was signed. */
  readonly releaseText: string
  /** `main/binary-amd64/Packages` → its stanzas, for every such index. */
  readonly packages: ReadonlyMap<string, readonly Stanza[]>
  /** The text (Latin-1) of an index that is listed; Contents are large and needed for writing only. */
  readText(base: string): Promise<string>
}

interface Entry {
  readonly version: ObjectVersion | undefined
  readonly signature: EntrySignature
  readonly text: string
  readonly path: string
}

const readAttemptsMax = 10

export async function readApt(
  storage: Storage,
  suitePath: string,
  parse: ReturnType<typeof packagesParser>,
  options: ReadOptions,
): Promise<RepositoryState<AptIndex>> {
  const place = { storage, suitePath, parse }
  for (let attempt = 1; ; attempt++) {
    const entry = await readEntry(storage, suitePath, options)
    if (entry === undefined) return absent
    try {
      return await readIndexes(place, entry, options)
    } catch (error) {
      // A publisher that keeps only usual names replaced them between our two reads: then the entry is new as well.
      const isFinal = attempt === readAttemptsMax || !(error instanceof UserError)
      if (isFinal || !(await wasReplaced(storage, entry, options))) throw error
    }
  }
}

const absent: RepositoryState<AptIndex> = {
  exists: false,
  entryVersion: undefined,
  signature: { status: 'absent' },
  entries: [],
  index: {
    release: emptyRelease,
    releaseText: '',
    packages: new Map(),
    readText: (base) => Promise.reject(new Error(`An absent repository has no index ${base}`)),
  },
}

async function wasReplaced(
  storage: Storage,
  { path, version }: Entry,
  { signal }: ReadOptions,
): Promise<boolean> {
  return version !== undefined && (await storage.head(path, { signal }))?.version !== version
}

async function readEntry(
  storage: Storage,
  suitePath: string,
  options: ReadOptions,
): Promise<Entry | undefined> {
  const path = `${suitePath}/InRelease`
  const inRelease = await storage.get(path, { signal: options.signal })
  if (inRelease === undefined) return readPlainRelease(storage, suitePath, options)
  const message = Buffer.from(await inRelease.bytes()).toString('utf8')
  const { text, isSigned } = signedText(message, path)
  const { version } = inRelease
  if (!isSigned) return { version, path, text, signature: { status: 'absent' } }
  const { verifier } = options
  if (verifier === undefined) return { version, path, text, signature: { status: 'unchecked' } }
  const verified = await trusting(path, () => verifier.verifyCleartext(message))
  const signature = { status: 'verified' as const, fingerprint: verified.fingerprint }
  return { version, path, text: withLineEnd(verified.text), signature }
}

async function readPlainRelease(
  storage: Storage,
  suitePath: string,
  { verifier, signal }: ReadOptions,
): Promise<Entry | undefined> {
  const path = `${suitePath}/Release`
  const release = await storage.get(path, { signal })
  if (release === undefined) return undefined
  const bytes = await release.bytes()
  const entry = { version: undefined, path, text: withLineEnd(Buffer.from(bytes).toString('utf8')) }
  const detached = await storage.get(`${path}.gpg`, { signal })
  if (detached === undefined) return { ...entry, signature: { status: 'absent' } }
  if (verifier === undefined) return { ...entry, signature: { status: 'unchecked' } }
  const signatureBytes = await detached.bytes()
  const fingerprint = await trusting(`${path}.gpg`, () => verifier.verifyDetached(bytes, signatureBytes))
  return { ...entry, signature: { status: 'verified', fingerprint } }
}

async function trusting<Result>(path: string, verify: () => Promise<Result>): Promise<Result> {
  try {
    return await verify()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw error.code === 'SIGNATURE_UNTRUSTED' ? untrustedError(path, error) : tamperedError(path, error)
  }
}

const untrustedError = (path: string, cause: UserError): Refusal =>
  new Refusal('REPOSITORY_SIGNATURE', `The signature of ${path} is not accepted. ${cause.message}`, {
    hint:
      'If the key is one that you trust (an older key of yours, another tool), name its public key. If you want to ' +
      'take over the repository as it is, set "adopt: true" once; from then on your key vouches for every package in it.',
    cause,
  })

const tamperedError = (path: string, cause: UserError): Refusal =>
  new Refusal('REPOSITORY_TAMPERED', `The signature of ${path} does not fit the file. ${cause.message}`, {
    hint:
      'Something or somebody changed the file after it was signed, so clients refuse it, and nothing is built on it. ' +
      'Find out who wrote it, and restore it from a backup.',
    cause,
  })

interface Place {
  readonly storage: Storage
  readonly suitePath: string
  readonly parse: ReturnType<typeof packagesParser>
}

async function readIndexes(
  { storage, suitePath, parse }: Place,
  { version, signature, text, path }: Entry,
  { signal }: ReadOptions,
): Promise<RepositoryState<AptIndex>> {
  const release = parseRelease(text, path)
  checkStrength(release, path)
  const packages = new Map<string, readonly Stanza[]>()
  for (const base of packagesBases(release)) {
    const index = await readIndexText(storage, release, suitePath, base, signal)
    packages.set(base, parse(index, `${suitePath}/${base}`))
  }
  return {
    exists: true,
    entryVersion: version,
    signature,
    entries: entriesOf(packages),
    index: {
      release,
      releaseText: text,
      packages,
      readText: (base) => readIndexText(storage, release, suitePath, base, signal),
    },
  }
}

/** Every `<component>/binary-<architecture>/Packages`; the installer's own indexes (udebs) are not among them. */
function packagesBases({ files }: Release): readonly string[] {
  const bases = [...files.keys()].map(
    (path) => /^(?!.*\/debian-installer\/)(.+\/binary-[^/]+\/Packages)(\.[a-z0-9]+)?$/.exec(path)?.[1],
  )
  return [...new Set(bases.filter((base) => base !== undefined))].toSorted()
}

function checkStrength({ files, sections }: Release, path: string): void {
  if (files.size === 0 || sections.includes('SHA256') || sections.includes('SHA512')) return
  throw new UserError(
    'APT_WEAK_RELEASE',
    `${path} lists only ${sections.join(' and ')} digests, which apt refuses since 2016.`,
    {
      hint: 'Publish the repository once with SHA256 digests, with the tool that wrote it.',
    },
  )
}
