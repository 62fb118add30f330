import { stat } from 'node:fs/promises'
import { splitReleaseVersion } from '../config/component-version.ts'
import { codeOf } from '../lib/atomic-file.ts'
import type { Counted } from './counted.ts'
import type { UsedBuild } from './next-build.ts'
import { engineFolder, isEngineDurable } from './open-engine.ts'
import { listRuns } from './run-release.ts'

/** Runs that have not ended hold their number, though nobody sees it yet. */
export async function usedByRuns({ project, signal, log, upstream }: Counted): Promise<readonly UsedBuild[]> {
  if (!(await isEngineDurable(project)) || !(await exists(engineFolder(project)))) return []
  const observer = { log: () => undefined, changed: () => undefined, notice: log }
  const runs = await listRuns({ project, signal, observer })
  return runs.flatMap(({ id, endedAt, plan }) => {
    const { declared, build } = splitReleaseVersion(plan.run.version)
    if (endedAt !== undefined || declared !== upstream || build === '') return []
    return [{ build: Number(build), commit: plan.run.commit, where: `the run ${id}` }]
  })
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}
