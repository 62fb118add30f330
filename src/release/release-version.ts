import { UserError } from '../errors.ts'

/**
 * The version of a release, before anything is looked at: SemVer or upstream's own, with a digit first. Tags, file names
 * and package versions are all made of it.
 */
export function checkReleaseVersion(version: string): string {
  if (/^[vV]\d/.test(version)) {
    throw new UserError('VERSION_PREFIX', `The version "${version}" begins with "${version[0]}".`, {
      hint: `Write "${version.slice(1)}": the letter belongs to the tag (release.tag: v\${version}), not to the version.`,
    })
  }
  if (/^\d[0-9A-Za-z.+~-]{0,127}$/.test(version) && !version.includes('..')) return version
  throw new UserError('VERSION_SYNTAX', `"${version}" is not a version that can be released.`, {
    hint: 'Begin with a digit and use letters, digits and . + ~ - only, for example 1.2.0 or 1.2.0-rc.1.',
  })
}
