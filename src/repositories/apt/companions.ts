import { UserError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type {
  ReadOptions,
  RepairContext,
  RepositoryFinding,
  RepositoryState,
  Upload,
} from '../repository-format.ts'
import { signDetached } from './clearsigned.ts'
import { byHashPath, isFormOf, matches, readListed } from './index-files.ts'
import type { AptIndex } from './read.ts'
import type { ListedFile, Release } from './release.ts'
import { timeOf } from './release-fields.ts'
import { usualUpload } from './render.ts'

/** What old tools read (usual index names, Release, Release.gpg) where it does not say what InRelease says. */
export async function staleAptCompanions(
  storage: Storage,
  suitePath: string,
  { index, entryVersion }: RepositoryState<AptIndex>,
  context: RepairContext,
): Promise<readonly Upload[]> {
  if (entryVersion === undefined) return []
  return [
    ...(await staleIndexes(storage, suitePath, index.release, context.signal)),
    ...(await staleRelease(storage, suitePath, index, context)),
  ]
}

async function staleIndexes(
  storage: Storage,
  suitePath: string,
  release: Release,
  signal: AbortSignal | undefined,
): Promise<readonly Upload[]> {
  const stale: Upload[] = []
  for (const [path, listed] of release.files) {
    const sha256 = listed.hashes.sha256
    // Without a by-hash name the usual one is all there is: nothing to repair it from.
    if (sha256 === undefined || (await isAsListed(storage, `${suitePath}/${path}`, listed, signal))) continue
    const source = await storage.get(`${suitePath}/${byHashPath(path, 'SHA256', sha256)}`, { signal })
    if (source === undefined) continue
    const bytes = await source.bytes()
    if (matches(bytes, listed)) stale.push(usualUpload(suitePath, path, bytes))
  }
  return stale
}

async function isAsListed(
  storage: Storage,
  path: string,
  listed: ListedFile,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const stored = await storage.get(path, { signal })
  return (
    stored !== undefined && stored.sizeBytes === listed.sizeBytes && matches(await stored.bytes(), listed)
  )
}

async function staleRelease(
  storage: Storage,
  suitePath: string,
  { release, releaseText }: AptIndex,
  { signers, verifier, signal }: RepairContext,
): Promise<readonly Upload[]> {
  const stored = await storage.get(`${suitePath}/Release`, { signal })
  const storedBytes = stored === undefined ? undefined : await stored.bytes()
  const isCurrent =
    storedBytes !== undefined && sameText(Buffer.from(storedBytes).toString('utf8'), releaseText)
  const text = isCurrent ? storedBytes : Buffer.from(releaseText)
  const stale = isCurrent ? [] : [usualUpload(suitePath, 'Release', text)]
  if (signers.length === 0) return stale
  const time = timeOf(release, 'Date')
  if (time === undefined) return stale
  const expected = Buffer.from(await signDetached(signers, text, new Date(time)))
  const signature = await storage.get(`${suitePath}/Release.gpg`, { signal })
  const signatureBytes = await signature?.bytes()
  if (signatureBytes !== undefined && expected.equals(signatureBytes)) return stale
  if (isCurrent && signatureBytes !== undefined && (await isAccepted(verifier, text, signatureBytes)))
    return stale
  return [...stale, usualUpload(suitePath, 'Release.gpg', expected)]
}

/** White space at line ends is not part of a cleartext signature, and tools differ in it. */
function sameText(a: string, b: string): boolean {
  const normal = (text: string): string => text.replace(/[ \t\r]+$/gm, '').trimEnd()
  return normal(a) === normal(b)
}

async function isAccepted(
  verifier: RepairContext['verifier'],
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (verifier === undefined) return false
  try {
    await verifier.verifyDetached(data, signature)
    return true
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return false
  }
}

/** What a client of any age would stumble over, besides packages. */
export async function inspectApt(
  storage: Storage,
  suitePath: string,
  { index, signature }: RepositoryState<AptIndex>,
  { verifier, signal }: ReadOptions,
): Promise<readonly RepositoryFinding[]> {
  const findings = await inspectIndexes(storage, suitePath, index.release, signal)
  const path = `${suitePath}/Release`
  const stored = await storage.get(path, { signal })
  const bytes = await stored?.bytes()
  if (bytes === undefined || !sameText(Buffer.from(bytes).toString('utf8'), index.releaseText)) {
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

async function inspectIndexes(
  storage: Storage,
  suitePath: string,
  release: Release,
  signal: AbortSignal | undefined,
): Promise<RepositoryFinding[]> {
  const findings: RepositoryFinding[] = []
  const readable = new Set<string>()
  for (const [path, listed] of release.files) {
    const usual = await storage.get(`${suitePath}/${path}`, { signal })
    const isUsual = usual !== undefined && matches(await usual.bytes(), listed)
    if (isUsual || (await readListed(storage, release, suitePath, path, signal)) !== undefined)
      readable.add(path)
    if (usual === undefined || isUsual) continue
    const message = `${suitePath}/${path} is not what InRelease lists.`
    findings.push({ code: 'APT_INDEX_DIFFERS', path: `${suitePath}/${path}`, message })
  }
  for (const path of release.files.keys()) {
    const base = path.replace(/\.(gz|xz|zst|bz2|lzma|lz4)$/, '')
    // The plain form need not exist; it is listed because apt checks what it unpacks.
    if ([...readable].some((form) => isFormOf(form, base))) continue
    const message = `${suitePath}/${path} is listed, but cannot be found in any form.`
    findings.push({ code: 'APT_INDEX_MISSING', path: `${suitePath}/${path}`, message })
  }
  return [...findings, ...plainFormFindings(suitePath, release)]
}

function plainFormFindings(suitePath: string, { files }: Release): RepositoryFinding[] {
  return [...files.keys()]
    .filter((path) => path.endsWith('/Packages.gz') && !files.has(path.replace(/\.gz$/, '')))
    .map((path) => ({
      code: 'APT_PLAIN_FORM',
      path: `${suitePath}/${path}`,
      message: `${path} is listed, but not the digest of its plain form: apt silently finds no packages.`,
    }))
}
