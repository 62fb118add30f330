import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline as pipeStreams } from 'node:stream/promises'
import type { Config } from '../config/config.ts'
import { environmentOf } from '../config/promotion-pairs.ts'
import { UserError } from '../errors.ts'
import type { Forge, ForgeRelease } from '../forge/forge.ts'
import { hexOf } from '../lib/digest.ts'
import { packageFormats } from '../packages/index.ts'
import { entriesOf } from '../repositories/find-entries.ts'
import { verifyRepository } from '../repositories/verify.ts'
import { openpgpVerifier } from '../signing/openpgp/verifier.ts'
import { openForge } from '../steps/forge-choice.ts'
import { openSigner } from '../steps/keys.ts'
import type { OpenedRepository } from '../steps/publish-packages/open-repository.ts'
import { isLast } from './environments.ts'
import { loadProjectConfig } from './load-project-config.ts'
import { contextOutside, type OutsideRun, openDeclared } from './open-declared.ts'
import { rebuildImages } from './rebuild-images.ts'
import { verifyImages } from './verify-images.ts'

export interface VerifyFinding {
  readonly code: string
  readonly message: string
}

export interface VerifyReport {
  readonly findings: readonly VerifyFinding[]
  /** What was found right, one line each. */
  readonly verified: readonly string[]
}

/** An asset as a user has it after downloading. */
interface Downloaded {
  readonly name: string
  readonly path: string
  readonly sha256: string
}

interface Verification {
  readonly config: Config
  readonly outside: OutsideRun
  readonly findings: VerifyFinding[]
  readonly verified: string[]
}

/** Fetches the release back as a user would: tag, assets, checksums, signatures, and its packages from the repositories. */
export async function verifyRelease(
  version: string,
  outside: OutsideRun,
  { rebuild = false }: { readonly rebuild?: boolean } = {},
): Promise<VerifyReport> {
  const config = await loadProjectConfig(outside.project, { version })
  const report: { findings: VerifyFinding[]; verified: string[] } = { findings: [], verified: [] }
  // Not the report itself: this also holds the environment, with its secrets, and a report is printed.
  const verification: Verification = { config, outside, ...report }
  const forge = openForge(config.forge, contextOutside(outside))
  const release = await findPublished(forge, verification)
  if (release === undefined) return report
  const folder = await mkdtemp(join(tmpdir(), 'hawser-verify-'))
  try {
    const assets = await download(forge, release, folder, verification)
    await verifyChecksums(assets, verification)
    await verifyRepositories(assets, verification)
    const images = await verifyImages(config, outside)
    report.findings.push(...images.findings)
    report.verified.push(...images.verified)
    if (rebuild) {
      const built = await rebuildImages(config, version, release.commit, outside)
      report.findings.push(...built.findings)
      report.verified.push(...built.verified)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return report
}

async function findPublished(forge: Forge, verification: Verification): Promise<ForgeRelease | undefined> {
  const { config, findings, verified } = verification
  const { tag } = config.release
  const [found, release] = [await forge.findTag(tag), await forge.findRelease(tag)]
  if (release?.state !== 'published') {
    const state = release === undefined ? 'does not exist' : 'is still a draft'
    findings.push({ code: 'RELEASE_ABSENT', message: `The release "${tag}" ${state}.` })
    return undefined
  }
  if (found === undefined) findings.push({ code: 'TAG_ABSENT', message: `The tag "${tag}" does not exist.` })
  else if (found.commit !== release.commit) {
    findings.push({
      code: 'TAG_ELSEWHERE',
      message: `The tag "${tag}" is at ${found.commit}, and the release was made from ${release.commit}.`,
    })
  } else verified.push(`tag ${tag} at ${found.commit.slice(0, 12)}${found.signed ? ', signed' : ''}`)
  return release
}

async function download(
  forge: Forge,
  { tag, assets }: ForgeRelease,
  folder: string,
  { findings, outside }: Verification,
): Promise<readonly Downloaded[]> {
  const downloaded: Downloaded[] = []
  for (const { name, digest } of assets) {
    outside.signal.throwIfAborted()
    outside.log(`fetching ${name}`)
    const path = join(folder, name)
    const hash = createHash('sha256')
    const body = Readable.from(await forge.downloadAsset(tag, name))
    body.on('data', (chunk: Uint8Array) => hash.update(chunk))
    await pipeStreams(body, createWriteStream(path))
    const sha256 = hash.digest('hex')
    downloaded.push({ name, path, sha256 })
    if (digest === undefined || hexOf(digest) === sha256) continue
    findings.push({
      code: 'ASSET_DIFFERS',
      message: `The asset "${name}" does not have the digest that is recorded.`,
    })
  }
  return downloaded
}

async function verifyChecksums(assets: readonly Downloaded[], verification: Verification): Promise<void> {
  const { config, findings, verified } = verification
  const { checksums } = config.release
  if (checksums === undefined) return
  const file = assets.find(({ name }) => name === checksums)
  if (file === undefined) {
    findings.push({ code: 'CHECKSUMS_ABSENT', message: `The release has no asset "${checksums}".` })
    return
  }
  const sums = parseChecksums(await readFile(file.path, 'utf8'))
  const covered = assets.filter(({ name }) => name !== checksums && name !== `${checksums}.asc`)
  for (const { name, sha256 } of covered) {
    const listed = sums.get(name)
    if (listed === sha256) continue
    const what = listed === undefined ? 'is not listed' : 'has other bytes than listed'
    findings.push({ code: 'CHECKSUM_DIFFERS', message: `The asset "${name}" ${what} in ${checksums}.` })
  }
  verified.push(`${covered.length} assets against ${checksums}`)
  await verifyChecksumSignature(file, assets, verification)
}

/** sha256sum(1): the digest, two characters, the name. */
const parseChecksums = (text: string): ReadonlyMap<string, string> =>
  new Map(text.split('\n').flatMap((line) => (line.length > 66 ? [[line.slice(66), line.slice(0, 64)]] : [])))

async function verifyChecksumSignature(
  sums: Downloaded,
  assets: readonly Downloaded[],
  { config, outside, findings, verified }: Verification,
): Promise<void> {
  const { sign } = config.release
  const key = sign === undefined ? undefined : config.keys[sign]
  if (key === undefined) return
  const signature = assets.find(({ name }) => name === `${sums.name}.asc`)
  if (signature === undefined) {
    findings.push({ code: 'SIGNATURE_ABSENT', message: `The release has no asset "${sums.name}.asc".` })
    return
  }
  const { publicKeyBinary } = await openSigner(key, contextOutside(outside))
  const verifier = await openpgpVerifier([publicKeyBinary])
  try {
    await verifier.verifyDetached(await readFile(sums.path), await readFile(signature.path, 'utf8'))
    verified.push(`signature of ${sums.name} by "${sign}"`)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    findings.push({ code: error.code, message: error.message })
  }
}

async function verifyRepositories(assets: readonly Downloaded[], verification: Verification): Promise<void> {
  const { config, outside, findings, verified } = verification
  for (const repository of releasedRepositories(config)) {
    outside.log(`reading the repository "${repository.name}"`)
    const opened = await openDeclared(config, repository.name, outside)
    const wanted = await packagesFor(repository, assets)
    const digests = new Set(wanted.map(({ sha256 }) => sha256))
    // All that clients read is checked; of the packages, those of this release are read whole.
    const found = await verifyRepository({
      ...opened,
      deep: ({ sha256 }) => digests.has(sha256),
      now: outside.project.now(),
    })
    findings.push(...found.map(({ code, message }) => ({ code, message: `${repository.name}: ${message}` })))
    if (found.length > 0) continue
    const { listed, count } = await listedDigests(opened, digests, outside)
    for (const { name, sha256 } of wanted) {
      if (listed.has(sha256)) continue
      findings.push({
        code: 'PACKAGE_NOT_LISTED',
        message: `${repository.name}: the package "${name}" is not in it.`,
      })
    }
    verified.push(`repository "${repository.name}": ${wanted.length} packages, ${count} entries, signed`)
  }
}

/** Where users of the release find it: not where it is only tested. */
const releasedRepositories = (config: Config): readonly Config['repositories'][string][] =>
  Object.values(config.repositories).filter(({ name }) => {
    const environment = environmentOf(config, name)
    return environment === undefined || isLast(environment, config)
  })

async function listedDigests(
  { format, storage, verifier }: OpenedRepository,
  digests: ReadonlySet<string>,
  { signal }: OutsideRun,
): Promise<{ readonly listed: ReadonlySet<string>; readonly count: number }> {
  const listed = new Set<string>()
  let count = 0
  const entry = await format.readEntry(storage, { verifier, signal })
  if (entry === undefined) return { listed, count }
  for await (const { sha256 } of entriesOf(format, storage, entry, { verifier, signal })) {
    count++
    if (digests.has(sha256)) listed.add(sha256)
  }
  return { listed, count }
}

async function packagesFor(
  { packageFormat, packages }: Config['repositories'][string],
  assets: readonly Downloaded[],
): Promise<readonly Downloaded[]> {
  const format = packageFormats.find(({ name }) => name === packageFormat)
  if (format === undefined) throw new Error(`No package format is called "${packageFormat}"`)
  const wanted: Downloaded[] = []
  for (const asset of assets) {
    if (!asset.name.endsWith(format.extension)) continue
    const { name } = await format.read(asset.path)
    if (packages.includes(name)) wanted.push(asset)
  }
  return wanted
}
