import { Readable } from 'node:stream'
import type { Artifact } from '../../artifacts/artifact.ts'
import type { ArtifactStore } from '../../artifacts/store.ts'
import { digestOf } from '../../lib/digest.ts'
import { buildModule as build } from '../../module/build-module.ts'
import { pushComponent } from '../../module/component-artifact.ts'
import type { BuiltModule, ModuleFile, ModuleInputs } from '../../module/module-declaration.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import { isInDist, projectStore, putInDist } from '../artifacts.ts'
import { materialsOf } from '../materials.ts'
import { type ModuleResult, openBuiltModule } from '../modules.ts'
import { type ModuleOptions, moduleOptions } from './declaration.ts'
import { moduleInputs } from './module-inputs.ts'

/** A module as its declaration makes it, and the files that go with it. */
interface Made {
  readonly built: BuiltModule
  readonly files: readonly ModuleFile[]
  readonly result: ModuleResult
}

/** Builds one module into `dist/VERSION`: its component, its templates, its manifest. Building is quick, so it is made each time. */
export const buildModule: Step<
  ModuleOptions,
  ModuleResult,
  { readonly isThere: boolean; readonly result: ModuleResult }
> = {
  name: 'build-module',
  describe: 'Builds a Kyma module: component, templates, manifest.',
  options: moduleOptions,
  // dist/ is the run's own output; an outdated module of the same version is written anew.
  replacesUnseen: true,
  async probe(options, context) {
    const store = await projectStore(context)
    const made = await make(options, context, store, 'peek')
    if (made === undefined) return { state: 'absent' }
    const { result } = made
    return { state: 'present', evidence: { isThere: await isThere(result, context), result } }
  },
  decide({ module: name }, probe) {
    if (probe.state === 'present' && probe.evidence.isThere)
      return { kind: 'keep', summary: `module ${name} is built`, result: probe.evidence.result }
    return { kind: 'create', summary: `build module ${name}` }
  },
  async act(_change, options, context) {
    const store = await projectStore(context)
    const made = await make(options, context, store, 'fetch')
    if (made === undefined) throw new Error('Fetching gives every file or throws')
    const { built, files, result } = made
    for (const { text } of built.findings) context.log(text)
    for (const file of files) await store.add(Readable.from([file.bytes]), { expected: digestOf(file.bytes) })
    for (const artifact of result.artifacts) await putInDist(context, store, artifact)
    await pushComponent(openBuiltModule(context, options.module, built.repository), built.artifact, built.tag)
    return result
  },
}

async function make(
  options: ModuleOptions,
  context: StepContext,
  store: ArtifactStore,
  how: 'peek' | 'fetch',
): Promise<Made | undefined> {
  const inputs = await moduleInputs(options, materialsOf({}, context, store, how), context)
  if (inputs === undefined) return undefined
  const built = await build(options.declaration, inputs)
  const files = [...built.files, ...assetsOf(options, inputs)]
  const artifacts = files.map(
    ({ name, bytes }): Artifact => ({
      name,
      kind: 'file',
      digest: digestOf(bytes),
      sizeBytes: bytes.length,
    }),
  )
  const [host = ''] = options.declaration.registry.split('/')
  const module = {
    name: options.module,
    repository: `${host}/${built.repository}`,
    tag: built.tag,
    digest: built.artifact.manifest.digest,
  }
  return { built, files, result: { artifacts, module } }
}

/** What was asked for by name, besides the templates. */
function assetsOf({ assets }: ModuleOptions, { manifest, defaultCr }: ModuleInputs): readonly ModuleFile[] {
  return [
    ...(assets.manifest === undefined ? [] : [{ ...manifest, name: assets.manifest }]),
    ...(assets.defaultCr === undefined || defaultCr === undefined
      ? []
      : [{ ...defaultCr, name: assets.defaultCr }]),
  ]
}

async function isThere({ artifacts, module }: ModuleResult, context: StepContext): Promise<boolean> {
  for (const artifact of artifacts) if (!(await isInDist(context, artifact))) return false
  const path = module.repository.split('/').slice(1).join('/')
  const found = await openBuiltModule(context, module.name, path).resolve(module.tag)
  return found?.digest === module.digest
}
