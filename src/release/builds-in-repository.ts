import { isBuildNumber, splitReleaseVersion } from '../config/component-version.ts'
import type { RepositoryConfig } from '../config/config.ts'
import { resolvePackage } from '../config/resolve-package.ts'
import { packageFormat } from '../packages/index.ts'
import { entriesOf } from '../repositories/find-entries.ts'
import { generationsBack } from '../repositories/history.ts'
import { openState, type RepositoryState } from '../repositories/open-state.ts'
import type { OpenedRepository } from '../steps/publish-packages/open-repository.ts'
import { type Counted, versionOfBuild } from './counted.ts'
import type { UsedBuild } from './next-build.ts'
import { openDeclared } from './open-declared.ts'

/** A package of the component that a repository lists. */
export interface ListedPackage {
  readonly repository: string
  readonly format: string
  readonly name: string
  readonly version: string
  /** The build of the upstream version that it is; undefined: another version. */
  readonly build: number | undefined
  /** How this format would write another build of it. */
  spell(build: number): string
}

export interface BuildsInRepository {
  readonly listed: readonly ListedPackage[]
  readonly used: readonly UsedBuild[]
}

/** What a repository says of the upstream version: what it lists, whoever published it, and what this project ever published in it. */
export async function buildsIn(repository: RepositoryConfig, counted: Counted): Promise<BuildsInRepository> {
  const opened = await openDeclared(counted.config, repository.name, counted)
  const state = await openState(opened)
  const listed = await listedIn(opened, state, repository, counted)
  const where = `the repository "${repository.name}"`
  const builds = listed.flatMap(({ build }) => (build === undefined ? [] : { build, where }))
  return { listed, used: [...builds, ...(await publishedIn(opened, state, counted))] }
}

async function listedIn(
  opened: OpenedRepository,
  { entry }: RepositoryState,
  repository: RepositoryConfig,
  counted: Counted,
): Promise<readonly ListedPackage[]> {
  if (entry === undefined) return []
  const { name: where, packageFormat: format } = repository
  const names = namesOf(repository, counted)
  const spell = (build: number) => packageFormat(format).spellVersion(versionOfBuild(counted, build))
  const listed = new Map<string, ListedPackage>()
  for await (const { name, version } of entriesOf(opened.format, opened.storage, entry, opened)) {
    if (!names.has(name)) continue
    const build = buildIn(version, spell)
    listed.set(`${name} ${version}`, { repository: where, format, name, version, build, spell })
  }
  return [...listed.values()]
}

/** The packages of the file that are builds of the component; others have a version of their own. */
function namesOf(
  { packageFormat: format, packages, distribution }: RepositoryConfig,
  { config }: Counted,
): ReadonlySet<string> {
  const { declared, build } = config.version
  const isBuild = (name: string): boolean => {
    const architectures = config.packages[name]?.architectures ?? []
    return architectures.some((architecture) => {
      const { version } = resolvePackage(config, name, { format, architecture, distribution })
      return version.declared === declared && version.build === build
    })
  }
  return new Set(packages.filter(isBuild))
}

/** The number whose spelling this is: formats say how a build is written, and nothing here takes it apart. */
function buildIn(version: string, spell: (build: number) => string): number | undefined {
  const found = [...version.matchAll(/\d+/g)].find(
    ([digits]) => isBuildNumber(digits) && withoutEpoch(spell(Number(digits))) === withoutEpoch(version),
  )
  return found === undefined ? undefined : Number(found[0])
}

const withoutEpoch = (version: string): string => version.replace(/^\d+:/, '')

/**
 * What was published as a release of this project, also when it was removed or rolled back since: who installed it has
 * it still. The commit is recorded with it.
 */
async function publishedIn(
  { format, storage, name }: OpenedRepository,
  { ref, latest }: RepositoryState,
  { config, upstream, signal }: Counted,
): Promise<readonly UsedBuild[]> {
  const used: UsedBuild[] = []
  for await (const { generation } of generationsBack(storage, format.folder, ref ?? latest, signal)) {
    const { project, version = '', commit } = generation?.cause ?? {}
    const { declared, build } = splitReleaseVersion(version)
    if (project !== config.project || declared !== upstream || build === '') continue
    used.push({ build: Number(build), commit, where: `the repository "${name}"` })
  }
  return used
}
