import { architectures } from '../architecture.ts'
import type { MentionSpelling } from '../package-format.ts'
import { rpmArchitecture } from './architecture.ts'

/** What follows the version in the name of a file, or in a command. */
const suffixes = ['rpm', 'src', ...Object.keys(architectures).map(rpmArchitecture)].join('|')

const part = String.raw`\d(?:(?!\.(?:${suffixes})\b)[A-Za-z0-9._+~^])*(?<!\.)`

/** `yum install NAME-VERSION-RELEASE`, also with `.ARCHITECTURE`, also without the release. */
export const rpmMentions: MentionSpelling = {
  joins: ['-'],
  version: String.raw`(?:\d+:)?${part}(?:-${part})?`,
  replacement(found, version) {
    const hyphen = version.lastIndexOf('-')
    return found.includes('-') || hyphen === -1 ? version : version.slice(0, hyphen)
  },
}
