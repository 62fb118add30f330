import { basename } from 'node:path'
import { UserError } from '../errors.ts'
import { fileSystemError } from '../lib/atomic-file.ts'
import { digestOfFile } from '../lib/digest.ts'
import { packageFormats } from '../packages/index.ts'
import { initRepository, type PublishResult, publishPackages } from '../repositories/publish.ts'
import { readTrusted } from '../repositories/read-state.ts'
import type { PackageEntry, PackageInput, RepositoryFinding } from '../repositories/repository-format.ts'
import { verifyRepository } from '../repositories/verify.ts'
import { loadProjectConfig } from './load-project-config.ts'
import { type OutsideRun, openDeclared } from './open-declared.ts'
import { readCheckout } from './project.ts'

/** Makes an empty signed repository and its client files, or does nothing when there is one. */
export async function initDeclared(name: string, outside: OutsideRun): Promise<PublishResult> {
  const opened = await openDeclared(await loadProjectConfig(outside.project), name, outside)
  return initRepository({ ...opened, date: await dateOf(outside) })
}

/** Adds package files that were built elsewhere. */
export async function addFiles(
  name: string,
  files: readonly string[],
  outside: OutsideRun,
): Promise<PublishResult> {
  const opened = await openDeclared(await loadProjectConfig(outside.project), name, outside)
  const additions: PackageInput[] = []
  for (const file of files) additions.push(await packageInput(file, opened.format.packageFormat))
  return publishPackages({ ...opened, additions, date: await dateOf(outside) })
}

export async function listEntries(name: string, outside: OutsideRun): Promise<readonly PackageEntry[]> {
  const opened = await openDeclared(await loadProjectConfig(outside.project), name, outside)
  const { state } = await readTrusted({ ...opened, adopt: true })
  return state.entries
}

export async function verifyDeclared(
  name: string,
  deep: boolean,
  outside: OutsideRun,
): Promise<readonly RepositoryFinding[]> {
  const opened = await openDeclared(await loadProjectConfig(outside.project), name, outside)
  return verifyRepository({ ...opened, deep })
}

/** As in a release: the commit's time, so that repeating gives the same bytes. */
async function dateOf({ project, signal }: OutsideRun): Promise<Date> {
  return new Date((await readCheckout(project, signal)).epoch * 1000)
}

async function packageInput(file: string, wanted: PackageInput['artifact']['kind']): Promise<PackageInput> {
  const format = packageFormats.find(({ name }) => name === wanted)
  if (format === undefined || !file.endsWith(format.extension)) {
    throw new UserError('REPOSITORY_WRONG_FORMAT', `"${basename(file)}" is no ${wanted} package.`, {
      hint: `This repository holds ${wanted} packages.`,
    })
  }
  // Reads it whole: a broken package never gets into an index.
  await format.read(file)
  try {
    const { digest, sizeBytes } = await digestOfFile(file)
    return { file, artifact: { name: basename(file), kind: format.name, digest, sizeBytes } }
  } catch (error) {
    throw fileSystemError(error, 'read the package', file)
  }
}
