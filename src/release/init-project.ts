import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { initConfig } from '../config/init/init-config.ts'
import { Refusal } from '../errors.ts'
import { codeOf, fileSystemError, writeFileAtomic } from '../lib/atomic-file.ts'
import { ciSystem, initCi, refuseExisting } from './init-ci.ts'
import { configName, findProject, type Project } from './project.ts'

export interface Initialised {
  readonly path: string
  /** What was guessed and what is to be filled in. */
  readonly notes: readonly string[]
}

/** Writes hawser.yaml from what the folder holds. One that is there is never overwritten. */
export async function initProject(cwd: string, environment: Project['environment']): Promise<Initialised> {
  const root = resolve(cwd)
  const path = join(root, configName)
  if (await exists(path)) {
    throw new Refusal('CONFIG_EXISTS', `"${path}" is there already.`, {
      hint: 'Change it by hand ("hawser check" helps), or move it away first.',
    })
  }
  const { text, notes } = await initConfig(root, { environment })
  await writeFileAtomic(path, text)
  return { path, notes }
}

/**
 * Writes what a CI system needs to release the project, and hawser.yaml first where there is none. Nothing is written
 * when the CI system's file is there.
 */
export async function initWithCi(
  ci: string,
  cwd: string,
  environment: Project['environment'],
): Promise<readonly Initialised[]> {
  const system = ciSystem(ci)
  const root = resolve(cwd)
  const path = join(root, system.path)
  if (await exists(path)) throw refuseExisting(path)
  const written = (await exists(join(root, configName))) ? [] : [await initProject(cwd, environment)]
  return [...written, await initCi(await findProject({ cwd, environment }), system)]
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw fileSystemError(error, 'read', path)
  }
}
