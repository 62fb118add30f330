import { configKinds } from '../config/providers.ts'
import { Refusal, UserError } from '../errors.ts'
import { packageFormat } from '../packages/index.ts'
import { openForge } from '../steps/forge-choice.ts'
import { branchOf } from './branch.ts'
import { buildsIn, type ListedPackage } from './builds-in-repository.ts'
import { type Counted, versionOfBuild } from './counted.ts'
import { loadProjectConfig } from './load-project-config.ts'
import { type NextBuild, nextBuild, type UsedBuild } from './next-build.ts'
import { contextOutside, type OutsideRun } from './open-declared.ts'
import { configName, readCheckout } from './project.ts'
import { stagedBuild, takenFrom } from './staged-build.ts'
import { buildOfTag } from './tag-pattern.ts'
import { usedByRuns } from './used-by-runs.ts'

export interface NextRequest extends OutsideRun {
  readonly inputs: { readonly [name: string]: string }
  /** Of the release, when it is said; else that of the checkout. */
  readonly branch?: string | undefined
}

export interface NextVersion extends NextBuild {
  readonly version: string
  readonly upstream: string
}

/**
 * The version that a release of the pinned component, or of another upstream version, would get: a new build, or the one that
 * the branch takes over from another environment. What cannot be read is an error, never a 1.
 */
export async function nextVersion(upstream: string | undefined, request: NextRequest): Promise<NextVersion> {
  const { project, signal, inputs } = request
  const { commit, epoch } = await readCheckout(project, signal)
  const config = await loadProjectConfig(project, { commit, epoch, inputs })
  if (config.version.component === undefined) throw noComponent()
  const counted = { ...request, config, upstream: upstream ?? config.version.declared }
  if (upstream !== undefined) refuseUnfit(counted)
  const repositories = await Promise.all(
    Object.values(config.repositories).map((repository) => buildsIn(repository, counted)),
  )
  const from = takenFrom(config, await branchOf(project, request.branch, signal))
  if (from !== undefined && upstream === undefined) {
    const staged = stagedBuild(counted.upstream, from, repositories)
    return { version: `${counted.upstream}-${staged.build}`, upstream: counted.upstream, ...staged }
  }
  const used = [
    ...repositories.flatMap(({ used: inRepository }) => inRepository),
    ...(await usedByTags(counted)),
    ...(await usedByRuns(counted)),
  ]
  const found = nextBuild(counted.upstream, used, commit)
  for (const { listed } of repositories) refuseEqual(listed, found, counted)
  return { version: `${counted.upstream}-${found.build}`, upstream: counted.upstream, ...found }
}

const noComponent = (): UserError =>
  new UserError('NEXT_NO_COMPONENT', `${configName} does not say whose builds are released.`, {
    hint: 'Name the component: version: { component: NAME }. Without it a release is given its version: hawser release VERSION.',
  })

/** Another upstream version is as good as one that is pinned, or there is no next build of it. */
function refuseUnfit(counted: Counted): void {
  const { config } = counted
  const formats = new Set(Object.values(config.packages).flatMap((one) => one.formats))
  for (const format of formats.size === 0 ? configKinds.packageFormats : formats) {
    const [finding] = configKinds.versions.findings(format, versionOfBuild(counted, 1))
    if (finding !== undefined) throw new UserError(finding.code, finding.message, { hint: finding.hint })
  }
}

async function usedByTags(counted: Counted): Promise<readonly UsedBuild[]> {
  const forge = openForge(counted.config.forge, contextOutside(counted))
  const tags = await forge.listTags()
  return tags.flatMap(({ name, commit }) => {
    const build = buildOfTag(name, counted)
    return build === undefined ? [] : [{ build, commit, where: `the tag ${name}` }]
  })
}

/** A client takes two spellings for one version: the new package would never be installed. */
function refuseEqual(listed: readonly ListedPackage[], { build }: NextBuild, counted: Counted): void {
  for (const { name, version, format, repository, spell } of listed) {
    const next = spell(build)
    if (version === next || packageFormat(format).compareVersions(version, next) !== 0) continue
    throw new Refusal(
      'NEXT_SAME_VERSION',
      `The repository "${repository}" lists ${name} ${version}, which is the same version as ${next} for ${format} clients.`,
      {
        hint: `Nobody would get build ${build} of ${counted.upstream}. Remove the listed package (hawser repo remove ${repository} ${name}=${version}), or release another upstream version.`,
      },
    )
  }
}
