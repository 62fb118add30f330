import type { InstallResolver, KnownPackage, Trial, WantedPackage } from './install-resolver.ts'
import type { ReleaseSet, ReleaseSets } from './release-sets.ts'

export const caseKinds = ['new', 'upgrade', 'older'] as const
export type CaseKind = (typeof caseKinds)[number]

/** One thing that users do. */
export interface Case {
  readonly kind: CaseKind
  /** The release that is installed, or that the machine has. */
  readonly release: string
  readonly trial: Trial
}

/** Everything to try, each command once for each state of a machine. */
export function casesOf(
  { current, earlier }: ReleaseSets,
  commands: readonly (readonly string[])[],
  resolver: InstallResolver,
): readonly Case[] {
  const cases = commands.flatMap((command) => {
    const older = earlier.filter(({ packages }) => command.every((name) => packages.has(name)))
    return [
      ...newCases(current, command),
      ...older
        .filter((set) => isUpgrade(set, current, command, resolver))
        .flatMap((set) => upgradeCases(set, current, command)),
      ...older.map((set) => olderCase(set, command)),
    ]
  })
  const byText = new Map<string, Case>()
  for (const one of cases) {
    const key = [one.kind, one.release, one.trial.verb, resolver.commandText(one.trial)].join('\n')
    byText.set(key, byText.get(key) ?? one)
  }
  return [...byText.values()]
}

function newCases(current: ReleaseSet, command: readonly string[]): readonly Case[] {
  const wanted = [command.map((name) => ({ name })), pinned(current, command)]
  return wanted.map((names) => ({
    kind: 'new',
    release: current.label,
    trial: { installed: [], verb: 'install', wanted: names },
  }))
}

function upgradeCases(set: ReleaseSet, current: ReleaseSet, command: readonly string[]): readonly Case[] {
  const installed = installedWith(set, command)
  const trials: readonly Trial[] = [
    { installed, verb: 'upgrade', wanted: command.map((name) => ({ name })) },
    { installed, verb: 'install', wanted: pinned(current, command) },
  ]
  return trials.map((trial) => ({ kind: 'upgrade', release: set.label, trial }))
}

const olderCase = (set: ReleaseSet, command: readonly string[]): Case => ({
  kind: 'older',
  release: set.label,
  trial: { installed: [], verb: 'install', wanted: pinned(set, command) },
})

/** A package that is not of the release is named alone. */
const pinned = ({ packages }: ReleaseSet, command: readonly string[]): readonly WantedPackage[] =>
  command.map((name) => {
    const version = packages.get(name)?.entry.version
    return version === undefined ? { name } : { name, version }
  })

/** Not where the release is an older one, as after a fix of what many still use. */
function isUpgrade(
  from: ReleaseSet,
  to: ReleaseSet,
  command: readonly string[],
  { compareVersions }: InstallResolver,
): boolean {
  const steps = command.flatMap((name) => {
    const [old, next] = [from.packages.get(name), to.packages.get(name)]
    return old === undefined || next === undefined
      ? []
      : [compareVersions(next.entry.version, old.entry.version)]
  })
  return steps.every((step) => step >= 0) && steps.some((step) => step > 0)
}

/** What a machine has after the command, as far as it is of this release: the packages and what they need. */
function installedWith({ packages }: ReleaseSet, command: readonly string[]): readonly KnownPackage[] {
  const providers = new Map(
    [...packages.values()].flatMap((one) => one.relations.provides.map((name) => [name, one])),
  )
  const installed = new Set<KnownPackage>()
  const queue = command.flatMap((name) => packages.get(name) ?? [])
  for (let one = queue.pop(); one !== undefined; one = queue.pop()) {
    if (installed.has(one)) continue
    installed.add(one)
    queue.push(
      ...one.relations.needs.flatMap(
        (any) =>
          any
            .map(({ name }) => packages.get(name) ?? providers.get(name))
            .find((found) => found !== undefined) ?? [],
      ),
    )
  }
  return [...installed]
}
