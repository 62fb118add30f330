import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../lib/child.ts'
import type { OpenRepository } from '../repositories/open-state.ts'
import type { PackageInput } from '../repositories/repository-format.ts'
import { relationText } from './assumed.ts'
import { type Candidate, type CandidateIndex, readCandidate } from './candidate.ts'
import { closureOf } from './closure.ts'
import type { InstallResolver } from './install-resolver.ts'
import { recordedReleases } from './recorded-releases.ts'
import { releaseSets } from './release-sets.ts'
import { type CaseKind, casesOf } from './trials.ts'

export interface InstallCheck {
  readonly repository: OpenRepository
  /** The packages of the release. */
  readonly inputs: readonly PackageInput[]
  readonly version: string
  readonly commands: readonly (readonly string[])[]
  /** How many earlier releases are tried. */
  readonly earlier: number
  readonly resolver: InstallResolver
  readonly environment: Environment
  readonly signal: AbortSignal
}

export interface BrokenInstall {
  readonly kind: CaseKind
  readonly release: string
  readonly architecture: string
  readonly command: string
  readonly words: readonly string[]
}

export interface InstallReport {
  readonly tried: number
  /** Labels, the newest first. */
  readonly earlier: readonly string[]
  /** Of earlier releases that were not tried. */
  readonly leftOut: number
  readonly assumed: readonly string[]
  readonly broken: readonly BrokenInstall[]
}

export type InstallVerdict =
  | { readonly state: 'tried'; readonly report: InstallReport }
  | { readonly state: 'unavailable'; readonly reason: string }

/** What users do, tried against the index as it would be after the publish. Nothing of the machine or the repository changes. */
export async function checkInstalls(check: InstallCheck): Promise<InstallVerdict> {
  const { repository, inputs, signal } = check
  const candidate = await readCandidate(repository, inputs, signal)
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'hawser-installs-'))
  try {
    return await checkIndexes(check, candidate, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function checkIndexes(
  check: InstallCheck,
  { state, indexes }: Candidate,
  folder: string,
): Promise<InstallVerdict> {
  const reports: InstallReport[] = []
  for (const index of indexes) {
    const entries = index.packages.map(({ entry }) => entry)
    for (const architecture of check.resolver.architecturesOf(index.name, entries)) {
      const own = join(folder, randomUUID())
      await mkdir(own)
      const verdict = await checkView(check, { state, index, architecture, folder: own })
      if (verdict.state === 'unavailable') return verdict
      reports.push(verdict.report)
    }
  }
  return { state: 'tried', report: merged(reports) }
}

interface View {
  readonly state: Candidate['state']
  readonly index: CandidateIndex
  readonly architecture: string
  readonly folder: string
}

async function checkView(
  { repository, version, commands, earlier: earlierMax, resolver, environment, signal }: InstallCheck,
  { state, index, architecture, folder }: View,
): Promise<InstallVerdict> {
  const names = [...new Set(commands.flat())]
  const visible = index.packages.filter(
    ({ entry }) => entry.architecture === architecture || entry.architecture === resolver.portable,
  )
  const { packages, assumed } = closureOf(names, visible, resolver)
  const paths = new Set(packages.map(({ entry }) => entry.path))
  // This release and one more, which tells whether some are left out.
  const recorded = await recordedReleases(repository, state, (path) => paths.has(path), earlierMax + 2)
  const sets = releaseSets(version, packages, recorded, names, resolver)
  const earlier = sets.earlier.slice(0, earlierMax)
  const cases = casesOf({ ...sets, earlier }, commands, resolver)
  const { header, footer } = index
  const answers = await resolver.answer(
    { architecture, packages, header, footer, assumed },
    cases.map(({ trial }) => trial),
    { folder, environment, signal },
  )
  if (answers.state === 'unavailable') return answers
  const broken = cases.flatMap(({ kind, release, trial }, place): readonly BrokenInstall[] => {
    const answer = answers.answers[place]
    if (answer === undefined) throw new Error('A resolver gives an answer to each trial')
    if (answer.works) return []
    return [{ kind, release, architecture, command: resolver.commandText(trial), words: answer.words }]
  })
  return {
    state: 'tried',
    report: {
      tried: cases.length,
      earlier: earlier.map(({ label }) => label),
      leftOut: sets.earlier.length - earlier.length,
      assumed: assumed.map(relationText),
      broken,
    },
  }
}

const merged = (reports: readonly InstallReport[]): InstallReport => ({
  tried: reports.reduce((sum, { tried }) => sum + tried, 0),
  earlier: [...new Set(reports.flatMap(({ earlier }) => earlier))],
  leftOut: Math.max(0, ...reports.map(({ leftOut }) => leftOut)),
  assumed: [...new Set(reports.flatMap(({ assumed }) => assumed))].toSorted(),
  broken: reports.flatMap(({ broken }) => broken),
})
