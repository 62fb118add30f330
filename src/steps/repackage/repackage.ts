import { z } from 'zod'
import type { Artifact } from '../../artifacts/artifact.ts'
import type { ArtifactStore } from '../../artifacts/store.ts'
import { UserError } from '../../errors.ts'
import { type Digest, digestOfJson } from '../../lib/digest.ts'
import { packageFormat } from '../../packages/index.ts'
import type { PackageChanges } from '../../packages/package-changes.ts'
import type { PackageFormat, Repackaging } from '../../packages/package-format.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import type { Signer } from '../../signing/signer.ts'
import { type ArtifactsResult, isInDist, projectStore, putInDist } from '../artifacts.ts'
import { wrapDescription } from '../build-package/description.ts'
import { type Choice, choice } from '../choice.ts'
import { matchFiles } from '../file-pattern.ts'
import { openSigner } from '../keys.ts'
import { materialsOf } from '../materials.ts'
import { builderIdentity, buildIntoStore, builtBefore, refusePackage } from '../package-building.ts'
import { type RepackageDeclaration, repackageDeclaration } from './declaration.ts'

type Options = {
  readonly format: string
  readonly package: RepackageDeclaration
  /** Those that the originals are in. */
  readonly sources: { readonly [name: string]: Choice }
  readonly key?: Choice | undefined
}

/** Makes a package of finished ones of others. Equal inputs are worked on once. */
export const repackage: Step<Options, ArtifactsResult, Artifact> = {
  name: 'repackage',
  describe: "Makes a DEB or RPM package of others' packages, under another name.",
  options: z.object({
    format: z.string(),
    package: repackageDeclaration,
    sources: z.record(z.string(), choice),
    key: choice.optional(),
  }),
  // dist/ is the run's own output; an outdated copy of the same version is written anew.
  replacesUnseen: true,
  async probe(options, context) {
    const store = await projectStore(context)
    refuseFindings(options)
    const originals = await originalsOf(options, context, store, 'peek')
    if (originals === undefined) return { state: 'absent' }
    const made = await builtBefore(await inputsDigest(options, originals, context), store)
    if (made === undefined || !(await isInDist(context, made))) return { state: 'absent' }
    return { state: 'present', evidence: made }
  },
  decide(options, probe) {
    const { name, architecture, from } = options.package
    const what = `${options.format} ${name} for ${architecture}`
    if (probe.state !== 'present')
      return {
        kind: 'create',
        summary: `make ${what} of ${from.map((one) => one.replace(/:\*\*$/, '')).join(', ')}`,
      }
    return { kind: 'keep', summary: `${what} is made`, result: { artifacts: [probe.evidence] } }
  },
  async act(_change, options, context) {
    const store = await projectStore(context)
    refuseFindings(options)
    const originals = await originalsOf(options, context, store, 'fetch')
    if (originals === undefined) throw new Error('Fetching gives every source or throws')
    const inputs = await inputsDigest(options, originals, context)
    const made = (await builtBefore(inputs, store)) ?? (await make(options, originals, context, store))
    await store.putRecord(inputs, { artifacts: [{ ...made }] })
    await putInDist(context, store, made)
    return { artifacts: [made] }
  },
}

/** The packages that it is made of, in their order. */
async function originalsOf(
  { package: { from, name }, sources }: Options,
  context: StepContext,
  store: ArtifactStore,
  how: 'peek' | 'fetch',
): Promise<readonly Digest[] | undefined> {
  const materials = materialsOf(sources, context, store, how)
  const originals: Digest[] = []
  for (const one of from) {
    const found = await matchFiles(one, materials)
    if (found === undefined) return undefined
    const [only, second] = found
    if (only === undefined || second !== undefined) {
      throw new UserError(
        'REPACKAGE_SEVERAL_MATCH',
        `"${one}", which "${name}" is made of, is ${found.length} files.`,
        { hint: 'Name one package file: "SOURCE:FILE".' },
      )
    }
    originals.push(only.file.digest)
  }
  return originals
}

function changesOf({ package: declared }: Options): PackageChanges {
  const { from: _from, description, ...rest } = declared
  return {
    version: undefined,
    summary: undefined,
    maintainer: undefined,
    vendor: undefined,
    homepage: undefined,
    license: undefined,
    section: undefined,
    priority: undefined,
    ...rest,
    description: description === undefined ? undefined : wrapDescription(description),
  }
}

function refuseFindings(options: Options): void {
  const format = packageFormat(options.format)
  refusePackage(format, options.package.name, repackagingOf(format).findings(changesOf(options)))
}

function repackagingOf({ name, repackage: repackaging }: PackageFormat): Repackaging {
  if (repackaging === undefined) throw new Error(`The config has passed "repackage" for ${name}`)
  return repackaging
}

/** Everything that decides about the bytes, and nothing that does not. */
async function inputsDigest(
  options: Options,
  originals: readonly Digest[],
  context: StepContext,
): Promise<Digest> {
  const signer = await signerOf(options, context)
  return digestOfJson({
    ...builderIdentity(),
    step: repackage.name,
    format: options.format,
    changes: { ...changesOf(options) },
    originals,
    signer: signer?.fingerprint,
  })
}

const signerOf = async ({ key }: Options, context: StepContext): Promise<Signer | undefined> =>
  key === undefined ? undefined : openSigner(key, context)

function make(options: Options, originals: readonly Digest[], context: StepContext, store: ArtifactStore) {
  const format = packageFormat(options.format)
  context.log(`making the ${format.name} ${options.package.name}`)
  return buildIntoStore(format.name, store, async (outputPath) => {
    const signer = await signerOf(options, context)
    const paths: string[] = []
    for (const digest of originals) paths.push(await store.verifiedPath(digest))
    const { fileName } = await repackagingOf(format).build(paths, changesOf(options), {
      outputPath,
      signal: context.signal,
      ...(signer !== undefined && { signer }),
    })
    // A package that its own reader does not understand must never leave the machine.
    const { name } = await format.read(outputPath)
    if (name !== options.package.name) throw new Error(`"${options.package.name}" reads back as "${name}"`)
    return fileName
  })
}
