import { consumersOf } from './build-consumers.ts'
import { chosenIn } from './chosen.ts'
import { splitReleaseVersion } from './component-version.ts'
import type {
  Chosen,
  Config,
  EnvironmentConfig,
  GateConfig,
  ImageConfig,
  InstallsConfig,
  ModuleConfig,
  PackageConfig,
  PipelineConfig,
  ReleaseConfig,
  ReleaseVersion,
  RepositoryConfig,
  StepConfig,
} from './config.ts'
import {
  imageDefaults,
  installsDefaults,
  moduleDefaults,
  packageDefaults,
  pipelineDefaults,
  releaseDefaults,
} from './defaults.ts'
import { isJsonObject } from './json-object.ts'
import { type ConfigKinds, keyKinds } from './kinds.ts'
import type { Condition } from './pipeline-condition.ts'
import { required } from './required.ts'
import { filePatternOf } from './resolve-contents.ts'
import { platformOf, platformsOf, replaceTexts, resolveImage } from './resolve-image.ts'
import type { WrittenConfig, WrittenPipeline, WrittenStep } from './schema/config-schema.ts'
import type { WrittenImage } from './schema/image-schema.ts'
import type { WrittenInstalls } from './schema/installs-schema.ts'
import type { WrittenModule } from './schema/module-schema.ts'
import { durationMsOf } from './schema/text.ts'
import { formatsOf, repositoryViews } from './variants.ts'

/** What the file does not say by itself. */
export interface ConfigWorld {
  readonly version: string
  readonly inputs: { readonly [name: string]: string }
  /** Answers to `when`, by the step's place in the list. */
  readonly conditions: ReadonlyMap<number, Condition>
}

/** Fills in every default. Only for what has passed the schema and the rules; anything else is our bug. */
export function buildConfig(written: WrittenConfig, kinds: ConfigKinds, world: ConfigWorld): Config {
  const packages = Object.keys(written.packages ?? {}).map((name) => packageOf(name, written, kinds))
  return {
    project: required(written.project),
    version: releaseVersion(written, kinds, world.version),
    components: written.components ?? {},
    inputs: world.inputs,
    sources: chosenByName(written.sources ?? {}, kinds.sources),
    keys: chosenByName(written.keys ?? {}, keyKinds(kinds)),
    packages: byName(packages),
    repositories: byName(repositoriesOf(written, kinds, packages)),
    environments: byName(environmentsOf(written)),
    registries: written.registries ?? {},
    images: byName(
      Object.entries(written.images ?? {}).map(([name, one]) => imageOf(name, one, written, world)),
    ),
    modules: byName(
      Object.entries(written.modules ?? {}).map(([name, one]) => moduleOf(name, one, world.version)),
    ),
    consumers: byName(consumersOf(written, kinds, world.version)),
    forge: written.forge === undefined ? usualForge(kinds) : chosenIn(written.forge, kinds.forges),
    release: releaseOf(written, world.version, releaseVersion(written, kinds, world.version)),
    pipeline: pipelineOf(written.pipeline ?? {}, world.conditions),
  }
}

/** The parts of the version, also for a file that has not passed. */
export function releaseVersion(
  { version = {} }: WrittenConfig,
  kinds: ConfigKinds,
  released: string,
): ReleaseVersion {
  const { component } = version
  const parts =
    component === undefined
      ? { declared: released, build: String(version.build ?? packageDefaults.build) }
      : splitReleaseVersion(released)
  return {
    ...parts,
    component,
    scheme: version.scheme ?? kinds.versions.schemes[0],
    epoch: version.epoch ?? 0,
  }
}

const byName = <One extends { readonly name: string }>(
  ones: readonly One[],
): { readonly [name: string]: One } => Object.fromEntries(ones.map((one) => [one.name, one]))

function chosenByName(
  written: { readonly [name: string]: object },
  kinds: readonly { readonly name: string }[],
): { readonly [name: string]: Chosen } {
  return Object.fromEntries(Object.entries(written).map(([name, one]) => [name, chosenIn(one, kinds)]))
}

const usualForge = ({ forges }: ConfigKinds): Chosen => ({ provider: forges[0].name, options: {} })

function packageOf(name: string, written: WrittenConfig, kinds: ConfigKinds): PackageConfig {
  const one = written.packages?.[name] ?? {}
  return {
    name,
    formats: formatsOf(name, written, kinds),
    architectures: [...new Set(one.architectures)],
    written: one,
  }
}

function repositoriesOf(
  written: WrittenConfig,
  kinds: ConfigKinds,
  packages: readonly PackageConfig[],
): readonly RepositoryConfig[] {
  return repositoryViews(written, kinds).map(({ name, packageFormat, distribution, packages: selected }) => {
    const one = written.repositories?.[name]
    if (one === undefined) throw new Error(`The repository "${name}" has a view and no declaration`)
    const ofFormat = packages.filter(({ formats }) => formats.includes(packageFormat)).map((all) => all.name)
    return {
      name,
      format: chosenIn(one, kinds.repositories),
      packageFormat,
      storage: chosenIn(required(one.storage), kinds.storages),
      keys: required(one.keys),
      acceptedKeys: one.acceptedKeys ?? [],
      url: one.url,
      publicKeyFile: one.publicKeyFile,
      packages: selected ?? ofFormat,
      hasKeyringPackage: packages.some(
        ({ formats, written: { keyring } }) =>
          formats.includes(packageFormat) && keyring?.repositories?.includes(name) === true,
      ),
      distribution,
      adopt: one.adopt ?? false,
      installs: one.installs && installsOf(one.installs),
    }
  })
}

const environmentsOf = ({ environments = {} }: WrittenConfig): readonly EnvironmentConfig[] =>
  Object.entries(environments).map(([name, { repositories, branches, from, approval }]) => ({
    ...{ name, branches, from, approval },
    repositories: required(repositories),
  }))

function installsOf(written: WrittenInstalls): InstallsConfig {
  return {
    commands: required(written.commands),
    new: written.new ?? installsDefaults.new,
    upgrade: written.upgrade ?? installsDefaults.upgrade,
    older: written.older ?? installsDefaults.older,
    earlier: written.earlier ?? installsDefaults.earlier,
  }
}

function imageOf(
  name: string,
  one: WrittenImage,
  { sources = {} }: WrittenConfig,
  world: ConfigWorld,
): ImageConfig {
  const platforms = platformsOf(one)
  // Outside of layers `${arch}` is only taken where there is one platform (rules/images.ts).
  const { dockerfile, annotations, push, tags, ...rest } = replaceTexts(
    one,
    platformOf(platforms[0] ?? '').architecture,
  )
  return {
    name,
    variants: platforms.map((platform) => resolveImage(name, one, platform, Object.keys(sources)).resolved),
    dockerfile: dockerfile && {
      file: dockerfile.file ?? 'Dockerfile',
      context: dockerfile.context ?? '.',
      tool: required(dockerfile.tool),
      target: dockerfile.target,
      arguments: dockerfile.arguments ?? {},
      options: dockerfile.options ?? [],
    },
    annotations: annotations ?? {},
    compression: rest.compression ?? imageDefaults.compression,
    push: push ?? [],
    tags: tags ?? imageDefaults.tags.map((tag) => tag.replace('${version}', () => world.version)),
    sign: rest.sign ?? [],
    attest: rest.attest ?? imageDefaults.attest,
  }
}

function moduleOf(name: string, one: WrittenModule, version: string): ModuleConfig {
  const { profile, component, registry, source, manifest, templates, ...rest } = one
  const { defaultCR, security, assets = {}, push, sign, ref, version: own, ...declared } = rest
  const { files, kustomize, tool, ...changes } = required(manifest)
  return {
    name,
    declaration: {
      ...declared,
      profile: required(profile),
      componentName: required(component),
      version: own ?? version,
      registry: required(registry),
      templates: (templates ?? [{ file: 'template.yaml' }]).map(({ file, target }) => ({
        fileName: required(file),
        target: target ?? moduleDefaults.target,
      })),
    },
    manifest: {
      from:
        kustomize === undefined
          ? { kind: 'files', files: required(files) }
          : { kind: 'kustomize', folder: kustomize, tool: tool ?? moduleDefaults.kustomizeTool },
      changes: {
        ...changes,
        images: changes.images?.map((image) => ({ ...image, name: required(image.name) })),
      },
    },
    defaultCr: defaultCR,
    security,
    source: { repositoryUrl: required(source), ref: ref ?? moduleDefaults.ref },
    assets: { manifest: assets.manifest, defaultCr: assets.defaultCR },
    push: push ?? moduleDefaults.push,
    sign: sign ?? [],
  }
}

function releaseOf(
  { release = {}, sources = {} }: WrittenConfig,
  version: string,
  { declared }: ReleaseVersion,
): ReleaseConfig {
  const tag = release.tag ?? releaseDefaults.tag.replace('${version}', () => version)
  const checksums = release.checksums ?? releaseDefaults.checksums
  const prerelease = release.prerelease ?? 'auto'
  return {
    tag,
    signTag: release.signTag,
    commitFrom: release.commitFrom,
    sign: release.sign,
    title: release.title ?? tag,
    notes: notesOf(release.notes),
    isPrerelease: prerelease === 'auto' ? isPrerelease(declared) : prerelease,
    checksums: checksums === false ? undefined : checksums,
    assets: (release.assets ?? []).map((asset) =>
      filePatternOf(asset, Object.keys(sources), () => undefined),
    ),
  }
}

function notesOf(written: NonNullable<WrittenConfig['release']>['notes']): ReleaseConfig['notes'] {
  if (written === undefined) return { from: 'commits' }
  if (typeof written === 'string') return { from: 'text', text: written }
  return 'file' in written ? { from: 'file', path: written.file } : { from: 'forge' }
}

/** SemVer 2.0.0, 9: a hyphen after the numbers; and `~`, which packagers write. */
const isPrerelease = (version: string): boolean => /^v?\d+(?:\.\d+)*(?:-[0-9A-Za-z]|~)/.test(version)

function pipelineOf(written: WrittenPipeline, conditions: ReadonlyMap<number, Condition>): PipelineConfig {
  return {
    extends: written.extends ?? 'default',
    parallelMax: written.parallel ?? pipelineDefaults.parallel,
    steps: (written.steps ?? []).map((step, index) => nodeOf(step, conditions.get(index))),
  }
}

function nodeOf(written: WrittenStep, condition: Condition | undefined): StepConfig | GateConfig {
  const { step, gate, needs = [], before = [], limit, retry = {} } = written
  const skipBecause = condition === undefined || condition.holds ? undefined : condition.because
  const id = required(written.id)
  const common = { id, needs, before, skipBecause }
  if (gate !== undefined) {
    return { ...common, kind: 'gate', gate, limitMs: durationMsOf(limit ?? pipelineDefaults.gateLimit) }
  }
  if (step === undefined) throw new Error(`The rule "step or gate" has passed "${id}"`)
  const options = written.with ?? {}
  if (!isJsonObject(options))
    throw new Error(`The options of "${id}" are no JSON, although YAML has nothing else`)
  return {
    ...common,
    kind: 'step',
    step,
    options,
    limitMs: durationMsOf(limit ?? pipelineDefaults.stepLimit),
    retry: {
      attemptsMax: retry.attempts ?? pipelineDefaults.retry.attempts,
      firstDelayMs: durationMsOf(retry.firstDelay ?? pipelineDefaults.retry.firstDelay),
      delayMaxMs: durationMsOf(retry.longestDelay ?? pipelineDefaults.retry.longestDelay),
    },
  }
}
