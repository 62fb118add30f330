import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writtenFacts } from '../config/init/ci/ci-facts.ts'
import type { CiFacts, CiSystem } from '../config/init/ci/ci-system.ts'
import { ciSystems } from '../config/init/ci/index.ts'
import { Refusal, UserError } from '../errors.ts'
import { fileSystemError, makeFolder, writeFileAtomic } from '../lib/atomic-file.ts'
import { closest } from '../lib/closest.ts'
import { hawserVersion } from '../lib/hawser-version.ts'
import type { Initialised } from './init-project.ts'
import { loadProjectConfig } from './load-project-config.ts'
import { releasePipeline } from './pipeline.ts'
import { configName, type Project } from './project.ts'

export function ciSystem(name: string): CiSystem {
  const found = ciSystems.find((system) => system.name === name)
  if (found !== undefined) return found
  const names = ciSystems.map((system) => system.name)
  const similar = closest(name, names)
  throw new UserError('CI_UNKNOWN', `Hawser writes nothing for a CI system called "${name}".`, {
    hint: similar === undefined ? `Known: ${names.join(', ')}.` : `Did you mean --ci ${similar}?`,
  })
}

export function refuseExisting(path: string): Refusal {
  return new Refusal('CI_EXISTS', `"${path}" is there already.`, {
    hint: 'Change it by hand, or move it away first.',
  })
}

/** Writes the file that lets a CI system release the project of a hawser.yaml without findings. */
export async function initCi(project: Project, system: CiSystem): Promise<Initialised> {
  const path = join(project.root, system.path)
  const facts = await factsOf(project)
  await makeFolder(join(path, '..'))
  await writeFileAtomic(path, system.render(facts))
  return { path, notes: system.notes(facts) }
}

async function factsOf(project: Project): Promise<CiFacts> {
  const config = await loadProjectConfig(project)
  const { nodes } = releasePipeline(config, '', { everywhere: true })
  return { ...writtenFacts(await textOf(project), configName), config, nodes, hawserVersion: hawserVersion() }
}

async function textOf({ configPath }: Project): Promise<string> {
  try {
    return await readFile(configPath, 'utf8')
  } catch (error) {
    throw fileSystemError(error, 'read', configPath)
  }
}
