import { z } from 'zod'
import type { Artifact } from '../../artifacts/artifact.ts'
import type { ArtifactStore } from '../../artifacts/store.ts'
import { type Digest, digestOfJson } from '../../lib/digest.ts'
import { packageFormat } from '../../packages/index.ts'
import type { PackageFormat } from '../../packages/package-format.ts'
import type { PackageSpec } from '../../packages/package-spec.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import type { Signer } from '../../signing/signer.ts'
import { type ArtifactsResult, isInDist, projectStore, putInDist } from '../artifacts.ts'
import { type Choice, choice } from '../choice.ts'
import { openSigner } from '../keys.ts'
import { materialsOf } from '../materials.ts'
import { builderIdentity, buildIntoStore, builtBefore, refusePackage } from '../package-building.ts'
import { type PackageDeclaration, packageDeclaration } from './declaration.ts'
import { keyringFiles } from './keyring-files.ts'
import { packageSpec } from './package-spec.ts'

type Options = {
  readonly format: string
  readonly package: PackageDeclaration
  /** Those that the package's contents name. */
  readonly sources: { readonly [name: string]: Choice }
  readonly key?: Choice | undefined
}

/** Builds one package for one format and architecture into the store and dist/. Equal inputs are built once. */
export const buildPackage: Step<Options, ArtifactsResult, Artifact> = {
  name: 'build-package',
  describe: 'Builds one DEB or RPM package.',
  options: z.object({
    format: z.string(),
    package: packageDeclaration,
    sources: z.record(z.string(), choice),
    key: choice.optional(),
  }),
  // dist/ is the run's own output; an outdated copy of the same version is written anew.
  replacesUnseen: true,
  async probe(options, context) {
    const store = await projectStore(context)
    const spec = await specOf(options, context, store, 'peek')
    if (spec === undefined) return { state: 'absent' }
    const format = packageFormat(options.format)
    refuseFindings(format, spec)
    const made = await builtBefore(await inputsDigest(options, spec, context), store)
    if (made === undefined || !(await isInDist(context, made))) return { state: 'absent' }
    return { state: 'present', evidence: made }
  },
  decide(options, probe) {
    const { name, architecture } = options.package
    const what = `${options.format} ${name} for ${architecture}`
    if (probe.state !== 'present') return { kind: 'create', summary: `build ${what}` }
    return { kind: 'keep', summary: `${what} is built`, result: { artifacts: [probe.evidence] } }
  },
  async act(_change, options, context) {
    const store = await projectStore(context)
    const spec = await specOf(options, context, store, 'fetch')
    if (spec === undefined) throw new Error('Fetching gives every source or throws')
    const format = packageFormat(options.format)
    refuseFindings(format, spec)
    const inputs = await inputsDigest(options, spec, context)
    const made = (await builtBefore(inputs, store)) ?? (await build(options, spec, context, store))
    await store.putRecord(inputs, { artifacts: [{ ...made }] })
    await putInDist(context, store, made)
    return { artifacts: [made] }
  },
}

async function specOf(
  options: Options,
  context: StepContext,
  store: ArtifactStore,
  how: 'peek' | 'fetch',
): Promise<PackageSpec | undefined> {
  const materials = materialsOf(options.sources, context, store, how)
  const made = await keyringFiles(options.package.keyring, context)
  return packageSpec(options.package, materials, { epoch: context.run.epoch, made })
}

const refuseFindings = (format: PackageFormat, spec: PackageSpec): void =>
  refusePackage(format, spec.name, format.findings(spec))

/** Identity of the build: everything that decides about the bytes, and nothing that does not. */
async function inputsDigest(options: Options, spec: PackageSpec, context: StepContext): Promise<Digest> {
  const contents = spec.contents.map((entry) => {
    if (entry.type !== 'file') return entry
    const { source: _elsewhere, ...identity } = entry
    return identity
  })
  const signer = await signerOf(options, context)
  return digestOfJson({
    ...builderIdentity(),
    format: options.format,
    spec: { ...spec, contents },
    signer: signer?.fingerprint,
  })
}

const signerOf = async ({ key }: Options, context: StepContext): Promise<Signer | undefined> =>
  key === undefined ? undefined : openSigner(key, context)

function build(options: Options, spec: PackageSpec, context: StepContext, store: ArtifactStore) {
  const format = packageFormat(options.format)
  const name = format.fileName(spec)
  context.log(`building ${name}`)
  return buildIntoStore(format.name, store, async (outputPath) => {
    const signer = await signerOf(options, context)
    await format.build(spec, { outputPath, signal: context.signal, ...(signer !== undefined && { signer }) })
    await readBack(format, spec, outputPath)
    return name
  })
}

/** A package that its own reader does not understand must never leave the machine. */
async function readBack(format: PackageFormat, spec: PackageSpec, path: string): Promise<void> {
  const info = await format.read(path)
  const [wanted, found] = [
    [spec.name, format.version(spec), format.architecture(spec.architecture)],
    [info.name, info.version, info.architecture],
  ].map((parts) => parts?.join(' '))
  if (wanted !== found)
    throw new Error(`The ${format.name} that was built as "${wanted}" reads back as "${found}"`)
}
