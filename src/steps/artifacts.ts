import { dirname, join } from 'node:path'
import { z } from 'zod'
import { type Artifact, type ArtifactKind, artifactKinds } from '../artifacts/artifact.ts'
import { type ArtifactStore, openArtifactStore } from '../artifacts/store.ts'
import { UserError } from '../errors.ts'
import { fileSystemError, makeFolder } from '../lib/atomic-file.ts'
import { type Digest, digestOfFile, isDigest } from '../lib/digest.ts'
import type { StepContext } from '../pipeline/step.ts'

const isArtifactKind = (value: unknown): value is ArtifactKind =>
  typeof value === 'string' && Object.hasOwn(artifactKinds, value)

const artifact = z.object({
  name: z.string(),
  kind: z.custom<ArtifactKind>(isArtifactKind),
  digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  sizeBytes: z.number().int().nonnegative(),
})

/** The result of every step that makes files; JSON, so that a plan's run can keep it. */
export const artifactsResult = z.object({ artifacts: z.array(artifact) })
export type ArtifactsResult = {
  readonly artifacts: readonly {
    readonly name: string
    readonly kind: ArtifactKind
    readonly digest: Digest
    readonly sizeBytes: number
  }[]
}

/** Artifacts of the named steps, in the order of the names. A step that was skipped has none. */
export function artifactsOf(
  { results }: Pick<StepContext, 'results'>,
  stepIds: readonly string[],
): readonly Artifact[] {
  const byName = new Map<string, Artifact>()
  for (const id of stepIds) {
    const result = results[id]
    for (const made of result === undefined ? [] : artifactsResult.parse(result).artifacts) {
      if ((byName.get(made.name)?.digest ?? made.digest) !== made.digest) throw nameTwice(made.name)
      byName.set(made.name, made)
    }
  }
  return [...byName.values()]
}

/** Such as packages for two distributions whose versions do not tell them apart. */
const nameTwice = (name: string): UserError =>
  new UserError('ARTIFACT_NAME_TWICE', `Two different artifacts of the release are both called "${name}".`, {
    hint: 'Give them different names. Packages for several distributions need a build number each, such as "1.el9", in their overrides.',
  })

export async function projectStore(context: Pick<StepContext, 'root' | 'log'>): Promise<ArtifactStore> {
  return openArtifactStore(join(context.root, '.hawser', 'store'), { warn: (text) => context.log(text) })
}

/** Where people find what was built: `dist/VERSION/NAME`. A copy; the store keeps its own. */
export function distPath(context: Pick<StepContext, 'root' | 'run'>, name: string): string {
  return join(context.root, 'dist', context.run.version, name)
}

export async function isInDist(context: Pick<StepContext, 'root' | 'run'>, made: Artifact): Promise<boolean> {
  try {
    return (await digestOfFile(distPath(context, made.name))).digest === made.digest
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw fileSystemError(error, 'read', distPath(context, made.name))
  }
}

export async function putInDist(
  context: Pick<StepContext, 'root' | 'run'>,
  store: ArtifactStore,
  made: Artifact,
): Promise<void> {
  const path = distPath(context, made.name)
  await makeFolder(dirname(path))
  await store.materialize(made.digest, path, 0o644)
}
