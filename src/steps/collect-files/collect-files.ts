import { basename } from 'node:path'
import { z } from 'zod'
import type { Artifact } from '../../artifacts/artifact.ts'
import { UserError } from '../../errors.ts'
import type { Step } from '../../pipeline/step.ts'
import { type ArtifactsResult, isInDist, projectStore, putInDist } from '../artifacts.ts'
import { type Choice, choice } from '../choice.ts'
import { matchFiles } from '../file-pattern.ts'
import { type Materials, materialsOf } from '../materials.ts'

type Options = {
  readonly files: readonly string[]
  readonly sources: { readonly [name: string]: Choice }
}

/** Takes files of the project or of sources as they are into the release. */
export const collectFiles: Step<Options, ArtifactsResult, ArtifactsResult> = {
  name: 'collect-files',
  describe: 'Takes files as they are as artifacts of the release.',
  options: z.object({ files: z.array(z.string()), sources: z.record(z.string(), choice) }),
  replacesUnseen: true,
  async probe({ files, sources }, context) {
    const store = await projectStore(context)
    const artifacts = await collected(files, materialsOf(sources, context, store, 'peek'))
    for (const artifact of artifacts ?? []) {
      if (!(await store.has(artifact.digest)) || !(await isInDist(context, artifact)))
        return { state: 'absent' }
    }
    return artifacts === undefined ? { state: 'absent' } : { state: 'present', evidence: { artifacts } }
  },
  decide({ files }, probe) {
    const what = files.join(', ')
    if (probe.state !== 'present') return { kind: 'create', summary: `collect ${what}` }
    return { kind: 'keep', summary: `${what} is collected`, result: probe.evidence }
  },
  async act(_change, { files, sources }, context) {
    const store = await projectStore(context)
    const artifacts = await collected(files, materialsOf(sources, context, store, 'fetch'))
    if (artifacts === undefined) throw new Error('Fetching gives every source or throws')
    for (const artifact of artifacts) await putInDist(context, store, artifact)
    return { artifacts }
  },
}

async function collected(
  patterns: readonly string[],
  materials: Materials,
): Promise<readonly Artifact[] | undefined> {
  const artifacts = new Map<string, Artifact>()
  for (const pattern of patterns) {
    const found = await matchFiles(pattern, materials)
    if (found === undefined) return undefined
    for (const { file } of found) {
      const { digest, sizeBytes } = file
      const name = basename(file.path)
      if (artifacts.get(name) !== undefined && artifacts.get(name)?.digest !== digest) throw nameTwice(name)
      artifacts.set(name, { name, kind: 'file', digest, sizeBytes })
    }
  }
  return [...artifacts.values()]
}

const nameTwice = (name: string): UserError =>
  new UserError('ASSET_NAME_TWICE', `Two different files of the release are both called "${name}".`, {
    hint: 'Assets of a release have no folders: rename one of them.',
  })
