import type { Change } from '../../pipeline/step.ts'
import { identityOf } from '../../repositories/find-entries.ts'
import { isWanted, type WantedPackage } from '../../repositories/find-packages.ts'
import type { Waiver } from '../waiver.ts'
import type { Staged } from './staged.ts'

interface Question {
  readonly repository: string
  readonly environment: string
  readonly packages: readonly WantedPackage[]
  readonly waiver?: Waiver | undefined
}

type Refused = Extract<Change, { kind: 'refuse' }>

/** Why packages cannot be promoted; undefined when they can. */
export function refusalOf(staged: readonly Staged[], question: Question): Refused | undefined {
  return absent(staged, question) ?? ambiguous(staged, question) ?? untested(staged, question)
}

function absent(staged: readonly Staged[], { repository, environment, packages }: Question) {
  const missing = packages.filter((wanted) => !staged.some(({ entry }) => isWanted(entry, wanted)))
  if (missing.length === 0) return undefined
  const names = missing.map(({ name, version = '', architecture }) => `${name} ${version} ${architecture}`)
  return refuse(
    'PROMOTION_ABSENT',
    `"${repository}" does not have ${names.join(', ')}, so that there is nothing to promote.`,
    `Release this version to "${environment}" first, from a branch that reaches it. Nothing is built for a promotion.`,
  )
}

function ambiguous(staged: readonly Staged[], { repository, packages }: Question) {
  const seen = new Map<string, string>()
  for (const { entry } of staged) {
    const other = seen.get(identityOf(entry))
    if (other !== undefined) {
      return refuse(
        'PROMOTION_AMBIGUOUS',
        `"${repository}" has ${entry.name} ${entry.version} for ${entry.architecture} twice, with different bytes.`,
        `Find out which one was tested, and remove the other: hawser repo remove ${repository} sha256:${other}`,
      )
    }
    seen.set(identityOf(entry), entry.sha256)
  }
  const several = packages.find(
    (wanted) =>
      wanted.version === undefined && staged.filter(({ entry }) => isWanted(entry, wanted)).length > 1,
  )
  if (several === undefined) return undefined
  return refuse(
    'PROMOTION_AMBIGUOUS',
    `"${repository}" has several versions of ${several.name}, and hawser.yaml does not say which one is of this release.`,
    `Write its version: packages.${several.name}.version.`,
  )
}

function untested(staged: readonly Staged[], { environment, waiver }: Question) {
  const names = staged.flatMap(({ entry: { name, version, architecture }, tests }) =>
    tests === undefined ? [`${name} ${version} ${architecture}`] : [],
  )
  if (names.length === 0 || waiver !== undefined) return undefined
  return refuse(
    'PROMOTION_UNTESTED',
    `No passed test in "${environment}" is recorded for ${names.join(', ')}.`,
    `Let the tests of "${environment}" pass: release this version there. Or take the responsibility, which is recorded with your name: --waive REASON.`,
  )
}

const refuse = (code: string, message: string, hint: string): Refused => ({
  kind: 'refuse',
  code,
  message,
  hint,
})
