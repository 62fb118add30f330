import type { ImageFacts } from './image-facts.ts'

/** One image as the registry has it, and what is known of it beforehand. */
export interface SeenImage {
  readonly reference: string
  /** Undefined: there is none. */
  readonly digest: string | undefined
  readonly facts: ImageFacts
  /** The digest that its build reported. */
  readonly wanted: string | undefined
  /** The digest that was there before the release; `null` when there was none; undefined when nobody looked. */
  readonly old: string | null | undefined
}

/** Why an image is not taken for this release's work yet; undefined when it is. */
export function doubtAbout(
  { digest, facts, wanted, old }: SeenImage,
  commit: string,
  startedAt: Date | undefined,
): string | undefined {
  if (digest === undefined) return 'is not there'
  if (wanted !== undefined)
    return digest === wanted ? undefined : `is ${brief(digest)}, and its build made ${brief(wanted)}`
  // The commit that an image names decides, whatever the dates say: reproducible builds have none.
  if (facts.revision !== undefined)
    return facts.revision === commit ? undefined : `is of the commit ${facts.revision.slice(0, 12)}`
  if (old !== undefined) return digest === old ? `is still the old one (${brief(digest)})` : undefined
  if (facts.created === undefined) return 'does not say when or from which commit it was made'
  if (startedAt === undefined || facts.created.getTime() >= wholeSeconds(startedAt)) return undefined
  return `was made before this run, ${facts.created.toISOString()}`
}

const wholeSeconds = (date: Date): number => Math.floor(date.getTime() / 1000) * 1000
const brief = (digest: string): string => digest.slice(0, 'sha256:'.length + 12)
