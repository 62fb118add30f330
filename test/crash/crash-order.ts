/** What kill-after-effect.ts is told, as JSON in the variable of this name. */
export const crashVariable = 'HAWSER_TEST_CRASH'

export interface CrashOrder {
  /** Only what changes below it counts. */
  readonly folder: string
  readonly when: 'before' | 'after'
  /** Without it the process lives. */
  readonly at?: EffectAt
  /** One line is added for each effect. */
  readonly log?: string
}

/**
 * One effect of a run, by its name and how often that name has been seen: a number in the whole order would name other
 * effects in other runs, because who waits for the storage's lock tries it again.
 */
export interface EffectAt {
  /** As `nameOf` says it. */
  readonly name: string
  /** Counted from 1. */
  readonly occurrence: number
}

/** The effect without what is drawn by lot in each run: digests, random names and process numbers. */
export const nameOf = (effect: string): string =>
  effect
    .replace(/(\/temporary\/)[^/]+/, '$1#')
    .replace(/(\/drafts\/)[^/]+/, '$1#')
    .replace(/[0-9a-f]{12,}/g, '#')
