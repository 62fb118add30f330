import { relationText } from './assumed.ts'
import type { CandidatePackage, InstallRelation, InstallResolver, KnownPackage } from './install-resolver.ts'

export interface Closure {
  /** In the order of the index. */
  readonly packages: readonly KnownPackage[]
  /** What they need and no package of the index is called or provides. */
  readonly assumed: readonly InstallRelation[]
}

/**
 * The packages that commands with these names can ever touch: those of the names in every version, what they need or
 * want, and what takes their place, again and again. Nothing else can be in the answer of a resolver, so that one
 * question is as quick in a repository of 50,000 packages as in one of five.
 */
export function closureOf(
  names: readonly string[],
  candidates: readonly CandidatePackage[],
  { relationsOf }: InstallResolver,
): Closure {
  const known = candidates.map((one) => ({ ...one, relations: relationsOf(one) }))
  const providers = indexed(known, ({ relations }) => relations.provides)
  const replacers = indexed(known, ({ relations }) => relations.replaces)
  const reached = new Set<KnownPackage>()
  const asked = new Set<string>()
  const queue = [...names]
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (asked.has(name)) continue
    asked.add(name)
    for (const one of [...(providers.get(name) ?? []), ...(replacers.get(name) ?? [])]) {
      if (reached.has(one)) continue
      reached.add(one)
      const { provides, needs, wants } = one.relations
      queue.push(...provides, ...wants, ...needs.flatMap((any) => any.map(plainName)))
    }
  }
  const packages = known.filter((one) => reached.has(one))
  return { packages, assumed: assumedBy(packages, (name) => providers.has(name)) }
}

/** `name:any` is found under its name. */
const plainName = ({ name }: InstallRelation): string => name.replace(/:[a-z0-9-]+$/, '')

function indexed(
  packages: readonly KnownPackage[],
  namesOf: (one: KnownPackage) => readonly string[],
): ReadonlyMap<string, readonly KnownPackage[]> {
  const found = new Map<string, KnownPackage[]>()
  for (const one of packages) {
    for (const name of namesOf(one)) {
      const same = found.get(name)
      if (same === undefined) found.set(name, [one])
      else same.push(one)
    }
  }
  return found
}

function assumedBy(
  packages: readonly KnownPackage[],
  isHere: (name: string) => boolean,
): readonly InstallRelation[] {
  const assumed = new Map<string, InstallRelation>()
  for (const any of packages.flatMap(({ relations }) => relations.needs)) {
    if (any.some((one) => isHere(one.name) || isHere(plainName(one)))) continue
    // One of several will do, and the first is what packagers mean.
    const [first] = any
    if (first !== undefined) assumed.set(relationText(first), first)
  }
  return [...assumed.values()].toSorted((a, b) => (relationText(a) < relationText(b) ? -1 : 1))
}
