import type { MentionSpelling } from '../package-format.ts'

/** `apt-get install NAME=VERSION`, and NAME_VERSION_ARCHITECTURE.deb. */
export const debMentions: MentionSpelling = {
  joins: ['=', '_'],
  // deb-version(7); a full stop at its end belongs to the sentence, and what follows in a file's name is no version.
  version: String.raw`(?:\d+:)?\d(?:(?!\.u?deb\b)[A-Za-z0-9.+~-])*(?<![.-])`,
  replacement: (_found, version) => version,
}
