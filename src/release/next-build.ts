/** A build number that was given away, and who has it. */
export interface UsedBuild {
  readonly build: number
  /** For people, such as `the repository "debian"`. */
  readonly where: string
  /** What it was made of, where that is recorded. */
  readonly commit?: string | undefined
}

export interface NextBuild {
  readonly build: number
  /** The number is this very commit's already, or the one that its branch takes over: releasing finishes it, or finds it done. */
  readonly isOfThisCommit: boolean
  /** For people: what the number follows from. */
  readonly because: string
}

/** The build after the highest one that is used, or that one again where this commit has made it. */
export function nextBuild(upstream: string, used: readonly UsedBuild[], commit: string): NextBuild {
  const highest = used.reduce((most, { build }) => Math.max(most, build), 0)
  if (highest === 0) {
    return { build: 1, isOfThisCommit: false, because: `no repository and no tag has a build of ${upstream}` }
  }
  const holders = used.filter(({ build }) => build === highest)
  const own = holders.find((one) => one.commit === commit)
  if (own !== undefined) {
    return { build: highest, isOfThisCommit: true, because: `${own.where} has it from this commit` }
  }
  return {
    build: highest + 1,
    isOfThisCommit: false,
    because: `${holders[0]?.where} has ${upstream}-${highest}`,
  }
}
