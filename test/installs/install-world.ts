import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkInstalls, type InstallCheck, type InstallReport } from '../../src/installs/check-installs.ts'
import { installResolvers } from '../../src/installs/index.ts'
import { digestOfFile } from '../../src/lib/digest.ts'
import { packageFormat } from '../../src/packages/index.ts'
import type { PackageSpec, PackageVersion, Relations } from '../../src/packages/package-spec.ts'
import { parseRelations } from '../../src/packages/relation.ts'
import { publishPackages } from '../../src/repositories/publish.ts'
import type { PackageInput } from '../../src/repositories/repository-format.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { noRelations, plainSpec } from '../packages/rpm-sample.ts'
import { aptFormat } from '../repositories/apt-world.ts'
import { dnfFormat } from '../repositories/dnf-world.ts'

export type FormatName = 'deb' | 'rpm'

export interface TestPackage {
  readonly name: string
  /** `1.4.5-1`: 1.4.5-1 as deb, 1.4.5_1-1 as rpm; with two numbers, `1.4-1` is 1.4-1 in both. */
  readonly version: string
  readonly architecture?: string
  /** As in hawser.yaml; a version such as `1.4.5-1` is written as the format has it. */
  readonly relations?: { readonly [kind in keyof Relations]?: string }
}

const formats = {
  deb: () => aptFormat({ architectures: ['amd64'] }),
  rpm: () => dnfFormat({ unsignedPackages: 'allow' }),
}

/** A repository on the disk, what is built for it, and what its users type. */
export class InstallWorld {
  readonly folder: string
  readonly #format: FormatName
  #count = 0

  private constructor(folder: string, format: FormatName) {
    this.folder = folder
    this.#format = format
  }

  static async create(format: FormatName): Promise<InstallWorld> {
    return new InstallWorld(await mkdtemp(join(tmpdir(), 'hawser-installs-test-')), format)
  }

  static at(folder: string, format: FormatName): InstallWorld {
    return new InstallWorld(folder, format)
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true })
  }

  get repository() {
    return {
      format: formats[this.#format](),
      storage: fileStorage(join(this.folder, 'repository')),
      signers: [],
    }
  }

  async build(...packages: readonly TestPackage[]): Promise<readonly PackageInput[]> {
    const inputs: PackageInput[] = []
    for (const one of packages) inputs.push(await this.#built(one))
    return inputs
  }

  async #built({
    name,
    version,
    architecture = 'amd64',
    relations = {},
  }: TestPackage): Promise<PackageInput> {
    const format = packageFormat(this.#format)
    const spec: PackageSpec = {
      ...plainSpec,
      name,
      version: versionOf(version),
      architecture,
      relations: { ...noRelations, ...relationsOf(relations) },
    }
    this.#count += 1
    const folder = join(this.folder, String(this.#count))
    await mkdir(folder)
    const file = join(folder, format.fileName(spec))
    await format.build(spec, { outputPath: file })
    const { digest, sizeBytes } = await digestOfFile(file)
    return { artifact: { name: format.fileName(spec), kind: this.#format, digest, sizeBytes }, file }
  }

  /** As a release does. */
  async publish(version: string, ...packages: readonly TestPackage[]): Promise<void> {
    await publishPackages({
      ...this.repository,
      name: 'test',
      additions: await this.build(...packages),
      date: new Date('2025-07-01T12:00:00Z'),
      cause: { project: 'test', version, commit: 'c'.repeat(40) },
    })
  }

  /** As if another tool had made the repository. */
  forgetRecords(): Promise<void> {
    return rm(join(this.folder, 'repository/.hawser'), { recursive: true })
  }

  async verdict(version: string, packages: readonly TestPackage[], more: Partial<InstallCheck>) {
    const resolver = installResolvers.find(({ packageFormat: kind }) => kind === this.#format)
    if (resolver === undefined) throw new Error('There is no resolver')
    return checkInstalls({
      repository: this.repository,
      inputs: await this.build(...packages),
      version,
      commands: [],
      earlier: 20,
      resolver,
      environment: process.env,
      signal: new AbortController().signal,
      ...more,
    })
  }

  async report(
    version: string,
    packages: readonly TestPackage[],
    commands: InstallCheck['commands'],
    more: Partial<InstallCheck> = {},
  ): Promise<InstallReport> {
    const verdict = await this.verdict(version, packages, { commands, ...more })
    if (verdict.state !== 'tried') throw new Error(verdict.reason)
    return verdict.report
  }
}

function versionOf(version: string): PackageVersion {
  const [declared = '', build = '1'] = version.split('-')
  const scheme = /^\d+\.\d+\.\d+$/.test(declared) ? 'ket' : 'standard'
  return { epoch: 0, declared, build, scheme }
}

/** Versions with a build number are ours, and spelled by the format. */
function relationsOf(written: NonNullable<TestPackage['relations']>): Partial<Relations> {
  return Object.fromEntries(
    Object.entries(written).map(([kind, text]) => [
      kind,
      parseRelations(text).map((any) =>
        any.map((one) =>
          typeof one.version === 'string' && /^[\d.]+-\d+$/.test(one.version)
            ? { ...one, version: versionOf(one.version) }
            : one,
        ),
      ),
    ]),
  )
}

/** The origin's packages, as far as they need each other (issue of 2016-11-22: an exact dependency each). */
export const kismatic = (version: string): readonly TestPackage[] => [
  {
    name: 'kismatic-kubernetes-master',
    version,
    relations: {
      depends: `kismatic-kubernetes-node (= ${version}), kismatic-kubernetes-networking (= ${version}), bridge-utils, iptables (>= 1.4.21), socat`,
    },
  },
  {
    name: 'kismatic-kubernetes-node',
    version,
    relations: {
      depends: `kismatic-kubernetes-networking (= ${version}), bridge-utils, iptables (>= 1.4.21)`,
    },
  },
  { name: 'kismatic-kubernetes-networking', version },
]

export const master = ['kismatic-kubernetes-master']
export const everyPackage = [
  'kismatic-kubernetes-master',
  'kismatic-kubernetes-node',
  'kismatic-kubernetes-networking',
]

/** For golden files: what was tried, what broke, and in whose words. */
export const textOf = ({ tried, earlier, leftOut, assumed, broken }: InstallReport): string =>
  [
    `tried: ${tried}`,
    `earlier: ${earlier.join(', ')}${leftOut === 0 ? '' : `, without ${leftOut} more`}`,
    `assumed: ${assumed.join(', ')}`,
    ...broken.flatMap(({ kind, release, architecture, command, words }) => [
      `${kind} ${release} ${architecture}: ${command}`,
      ...words.map((line) => `  ${line}`),
    ]),
  ]
    .join('\n')
    .concat('\n')
