import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Artifact, ArtifactKind } from '../artifacts/artifact.ts'
import type { ArtifactStore } from '../artifacts/store.ts'
import { UserError } from '../errors.ts'
import type { Digest } from '../lib/digest.ts'
import { hawserVersion } from '../lib/hawser-version.ts'
import type { PackageFormat, SpecFinding } from '../packages/package-format.ts'
import { artifactsResult } from './artifacts.ts'

/** What decides about the bytes of a package beside what is declared: ourselves, and the codecs. */
export const builderIdentity = () => ({
  builder: `hawser ${hawserVersion()}`,
  codecs: [process.versions['zlib'], process.versions['zstd']],
})

/** The package that the same inputs gave before, while it is there. */
export async function builtBefore(inputs: Digest, store: ArtifactStore): Promise<Artifact | undefined> {
  const record = artifactsResult.safeParse(await store.getRecord(inputs))
  const made = record.success ? record.data.artifacts[0] : undefined
  return made !== undefined && (await store.has(made.digest)) ? made : undefined
}

/** Lets `build` write a package, and keeps it in the store under the name that it gives. */
export async function buildIntoStore(
  kind: ArtifactKind,
  store: ArtifactStore,
  build: (outputPath: string) => Promise<string>,
): Promise<Artifact & { readonly kind: ArtifactKind }> {
  const outputPath = join(await store.scratch('temporary'), `${process.pid}-${crypto.randomUUID()}`)
  try {
    const name = await build(outputPath)
    const { digest, sizeBytes } = await store.add(outputPath)
    return { name, kind, digest, sizeBytes }
  } finally {
    await rm(outputPath, { force: true })
  }
}

export function refusePackage(format: PackageFormat, name: string, findings: readonly SpecFinding[]): void {
  const [first] = findings
  if (first === undefined) return
  const all = findings.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n')
  throw new UserError(first.code, `The package "${name}" cannot be a ${format.name}.\n${all}`, {
    hint: findings.map(({ hint }) => hint).join('\n'),
  })
}
