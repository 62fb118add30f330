import { basename, sep } from 'node:path'
import { environmentOf } from '../config/promotion-pairs.ts'
import { Refusal, UserError } from '../errors.ts'
import { fileSystemError } from '../lib/atomic-file.ts'
import { digestOfFile } from '../lib/digest.ts'
import { mapLimited } from '../lib/limit.ts'
import { packageFormats } from '../packages/index.ts'
import type { PackageFormat } from '../packages/package-format.ts'
import { copyPackages } from '../repositories/copy-packages.ts'
import { exportRepository } from '../repositories/export.ts'
import { entriesOf } from '../repositories/find-entries.ts'
import { type Collected, collectGarbage } from '../repositories/gc.ts'
import type { Generation } from '../repositories/generation.ts'
import { type HistoryItem, repositoryHistory } from '../repositories/history.ts'
import { readAdoptable } from '../repositories/open-state.ts'
import { initRepository, type PublishResult, publishPackages } from '../repositories/publish.ts'
import { absentError, refreshRepository } from '../repositories/refresh.ts'
import { removePackages } from '../repositories/remove.ts'
import type { PackageEntry, PackageInput, RepositoryFinding } from '../repositories/repository-format.ts'
import { rollbackRepository } from '../repositories/rollback.ts'
import { verifyRepository } from '../repositories/verify.ts'
import { fileStorage } from '../storage/file/file-storage.ts'
import { loadProjectConfig } from './load-project-config.ts'
import { type OutsideRun, openDeclared } from './open-declared.ts'
import { chosenBy } from './package-choice.ts'
import { packageFiles } from './package-files.ts'
import { readCheckout } from './project.ts'

/** What a command prints of it. */
export type History = readonly HistoryItem[]
export type Published = PublishResult

/** Makes an empty signed repository and its client files, or does nothing when there is one. */
export async function initDeclared(name: string, outside: OutsideRun): Promise<PublishResult> {
  return initRepository(await declared(name, outside))
}

/** Adds package files that were built elsewhere; a folder stands for all packages of the right format in it. */
export async function addFiles(
  name: string,
  paths: readonly string[],
  outside: OutsideRun,
): Promise<PublishResult> {
  const request = await declared(name, outside)
  await refusePromotedOnly(name, outside)
  const format = packageFormats.find((one) => one.name === request.format.packageFormat)
  if (format === undefined) throw new Error(`No package format is called "${request.format.packageFormat}"`)
  const files = await packageFiles(paths, format.extension)
  const additions = await mapLimited(files, 4, (file) => packageInput(file, format), outside.signal)
  return publishPackages({ ...request, additions })
}

/** What is listed, once for each index that lists it, as it is read. */
export async function* listEntries(name: string, outside: OutsideRun): AsyncGenerator<PackageEntry> {
  const opened = await openDeclared(await loadProjectConfig(outside.project), name, outside)
  const entry = await readAdoptable({ ...opened, adopt: true })
  if (entry === undefined) throw absentError(opened.storage.location)
  yield* entriesOf(opened.format, opened.storage, entry, opened)
}

export async function verifyDeclared(
  name: string,
  deep: boolean,
  outside: OutsideRun,
): Promise<readonly RepositoryFinding[]> {
  const opened = await openDeclared(await loadProjectConfig(outside.project), name, outside)
  return verifyRepository({ ...opened, deep, now: outside.project.now() })
}

export async function historyOf(name: string, outside: OutsideRun): Promise<History> {
  return repositoryHistory(await openDeclared(await loadProjectConfig(outside.project), name, outside))
}

/** Signs the entry anew with the time of now, so that clients go on accepting it, and repairs companions. */
export async function refreshDeclared(name: string, outside: OutsideRun): Promise<void> {
  const request = await declared(name, outside)
  await refreshRepository({ ...request, date: outside.project.now() })
}

export async function rollbackDeclared(name: string, to: number, outside: OutsideRun): Promise<Generation> {
  const request = await declared(name, outside)
  return rollbackRepository({ ...request, date: outside.project.now(), to })
}

/** Takes packages out of the indexes; `choices` as in `chosenBy`. */
export async function removeDeclared(
  name: string,
  choices: readonly string[],
  outside: OutsideRun,
): Promise<readonly PackageEntry[]> {
  const request = await declared(name, outside)
  const choice = chosenBy(choices)
  return removePackages({
    ...request,
    date: outside.project.now(),
    unwanted: choice.accepts,
    confirm: () => choice.refuseUnused(name),
  })
}

/** Publishes packages of one repository in another, without building or downloading them. */
export async function copyDeclared(
  from: string,
  to: string,
  choices: readonly string[],
  outside: OutsideRun,
): Promise<PublishResult> {
  const config = await loadProjectConfig(outside.project)
  await refusePromotedOnly(to, outside)
  const source = await openDeclared(config, from, outside)
  const choice = chosenBy(choices)
  return copyPackages({
    from: source,
    to: await declared(to, outside),
    wanted: choice.accepts,
    confirm: () => choice.refuseUnused(from),
  })
}

/** A plain copy in a folder, which other tools go on with; the number of its files. */
export async function exportDeclared(name: string, folder: string, outside: OutsideRun): Promise<number> {
  const opened = await openDeclared(await loadProjectConfig(outside.project), name, outside)
  const { location } = opened.storage
  if (isWithin(location, folder) || isWithin(folder, location)) {
    throw new UserError('EXPORT_FOLDER', `"${folder}" and the repository in ${location} lie in each other.`, {
      hint: 'Export to a folder of its own; a copy in the repository would be published with it.',
    })
  }
  return exportRepository({ ...opened, to: fileStorage(folder) })
}

const isWithin = (outer: string, inner: string): boolean => `${inner}${sep}`.startsWith(`${outer}${sep}`)

export interface CollectOptions {
  readonly keep: number
  readonly graceMs: number
  readonly dryRun: boolean
}

export async function collectDeclared(
  name: string,
  options: CollectOptions,
  outside: OutsideRun,
): Promise<Collected> {
  const opened = await openDeclared(await loadProjectConfig(outside.project), name, outside)
  return collectGarbage({ ...opened, ...options })
}

/** What is only promoted to holds what was tested, and says so: nothing gets in beside that. */
async function refusePromotedOnly(name: string, { project }: OutsideRun): Promise<void> {
  const environment = environmentOf(await loadProjectConfig(project), name)
  if (environment?.from === undefined) return
  throw new Refusal(
    'REPOSITORY_PROMOTED_ONLY',
    `"${name}" belongs to the environment "${environment.name}", which takes its packages from "${environment.from}".`,
    { hint: `Promote a release: hawser promote ${environment.from} ${environment.name} VERSION.` },
  )
}

/** The repository with the commit and its time, as in a release: repeating it gives the same bytes. */
async function declared(name: string, outside: OutsideRun) {
  const config = await loadProjectConfig(outside.project)
  const opened = await openDeclared(config, name, outside)
  const { commit, epoch } = await readCheckout(outside.project, outside.signal)
  return { ...opened, date: new Date(epoch * 1000), cause: { project: config.project, commit } }
}

async function packageInput(file: string, format: PackageFormat): Promise<PackageInput> {
  if (!file.endsWith(format.extension)) {
    throw new UserError('REPOSITORY_WRONG_FORMAT', `"${basename(file)}" is no ${format.name} package.`, {
      hint: `This repository holds ${format.name} packages.`,
    })
  }
  // Reads it whole: a broken package never gets into an index.
  const { files } = await format.read(file)
  try {
    const { digest, sizeBytes } = await digestOfFile(file)
    return { file, files, artifact: { name: basename(file), kind: format.name, digest, sizeBytes } }
  } catch (error) {
    throw fileSystemError(error, 'read the package', file)
  }
}
