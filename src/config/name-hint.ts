import { closest } from '../lib/closest.ts'
import { listText } from './schema/inspect.ts'

/** "Known here: …" or "Did you mean …?" for any name that is not there. */
export function nameHint(written: string, known: readonly string[], place: string): string {
  const near = closest(written, known)
  if (near !== undefined) return `Did you mean "${near}"?`
  return known.length === 0 ? `There are no ${place}.` : `There are ${place}: ${listText(known, 'and')}.`
}
