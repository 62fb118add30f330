import { z } from 'zod'
import type { Artifact } from '../../artifacts/artifact.ts'
import { digestOf, hexOf } from '../../lib/digest.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import { type ArtifactsResult, artifactsOf, isInDist, projectStore, putInDist } from '../artifacts.ts'
import { type Choice, choice } from '../choice.ts'
import { openSigner } from '../keys.ts'

type Options = { readonly name: string; readonly from: readonly string[]; readonly key?: Choice | undefined }

interface Document {
  readonly artifact: Artifact
  readonly bytes: Uint8Array
}

/** Writes `sha256sum -c` input over all artifacts, and its detached signature when there is a key. */
export const writeChecksums: Step<Options, ArtifactsResult, ArtifactsResult> = {
  name: 'write-checksums',
  describe: 'Writes SHA-256 checksums of all artifacts, and signs them.',
  options: z.object({ name: z.string(), from: z.array(z.string()), key: choice.optional() }),
  replacesUnseen: true,
  async probe(options, context) {
    const store = await projectStore(context)
    const artifacts: Artifact[] = []
    for (const { artifact } of await documents(options, context)) {
      if (!(await store.has(artifact.digest)) || !(await isInDist(context, artifact)))
        return { state: 'absent' }
      artifacts.push(artifact)
    }
    return { state: 'present', evidence: { artifacts } }
  },
  decide({ name, from }, probe, context) {
    if (probe.state === 'present')
      return { kind: 'keep', summary: `${name} is written`, result: probe.evidence }
    return { kind: 'create', summary: `${name} over ${artifactsOf(context, from).length} artifacts` }
  },
  async act(_change, options, context) {
    const store = await projectStore(context)
    const artifacts: Artifact[] = []
    for (const { artifact, bytes } of await documents(options, context)) {
      await store.add(streamOf(bytes), { expected: artifact.digest })
      await putInDist(context, store, artifact)
      artifacts.push(artifact)
    }
    return { artifacts }
  },
}

async function documents({ name, from, key }: Options, context: StepContext): Promise<readonly Document[]> {
  const lines = artifactsOf(context, from).map((made) => `${hexOf(made.digest)}  ${made.name}\n`)
  const sums = documentOf(name, Buffer.from(lines.sort(byName).join('')))
  if (key === undefined) return [sums]
  const signer = await openSigner(key, context)
  const signature = await signer.signDetachedArmored(sums.bytes, new Date(context.run.epoch * 1000))
  return [sums, documentOf(`${name}.asc`, Buffer.from(signature))]
}

const byName = (a: string, b: string): number => (a.slice(66) < b.slice(66) ? -1 : 1)

const documentOf = (name: string, bytes: Uint8Array): Document => ({
  bytes,
  artifact: { name, kind: 'checksums', digest: digestOf(bytes), sizeBytes: bytes.length },
})

async function* streamOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
