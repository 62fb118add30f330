/** What kill-after-effect.ts is told, as JSON in the variable of this name. */
export const crashVariable = 'HAWSER_TEST_CRASH'

export interface CrashOrder {
  /** Only what changes below it counts. */
  readonly folder: string
  readonly when: 'before' | 'after'
  /** Counted from 1; without it the process lives. */
  readonly at?: number
  /** One line is added for each effect. */
  readonly log?: string
}
