import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { Change, Step } from '../../pipeline/step.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'
import { compareSemVer, nextVersions, parseSemVer, type SemVer } from '../semver.ts'

type Options = {
  readonly forge: Choice
  /** `semver`: SemVer 2.0.0. `numbers`: MAJOR.MINOR.PATCH, nothing else. */
  readonly scheme: 'semver' | 'numbers'
  /** A regular expression that the whole version has to match, beside the scheme. */
  readonly pattern?: string | undefined
  /** How it has to follow what was published: `newer` than everything, or without a gap (`next`). */
  readonly order: 'any' | 'newer' | 'next'
  /** What tags have before their version. */
  readonly tagPrefix: string
}
type Result = { readonly version: string }
type Evidence = {
  /** The newest published version that is no pre-release, other than this one. */
  readonly newest: string | undefined
}

/** Refuses a version that is not of the declared kind, before anything is touched: nobody builds a tag that nobody expects. */
export const checkVersion: Step<Options, Result, Evidence> = {
  name: 'check-version',
  describe: 'Checks that the version is of the declared scheme and follows the published ones.',
  options: z.strictObject({
    forge: choice,
    scheme: z.enum(['semver', 'numbers']).default('semver'),
    pattern: z.string().optional(),
    order: z.enum(['any', 'newer', 'next']).default('any'),
    tagPrefix: z.string().default(''),
  }),
  probesAlone: true,
  async probe(options, context) {
    const { version } = context.run
    checkGrammar(version, options)
    if (options.order === 'any') return { state: 'present', evidence: { newest: undefined } }
    const releases = await openForge(options.forge, context).listReleases()
    const versions = releases
      .filter(
        ({ state, isPrerelease, tag }) =>
          state === 'published' && !isPrerelease && tag.startsWith(options.tagPrefix),
      )
      .map(({ tag }) => tag.slice(options.tagPrefix.length))
    return { state: 'present', evidence: { newest: newestOf(versions.filter((one) => one !== version)) } }
  },
  decide({ order }, probe, { run: { version } }) {
    if (probe.state !== 'present') throw new Error('Versions are read or it throws')
    const { newest } = probe.evidence
    if (newest !== undefined && order !== 'any') {
      const refused =
        order === 'newer'
          ? notNewer(version, newest)
          : (notNewer(version, newest) ?? notNext(version, newest))
      if (refused !== undefined) return refused
    }
    const after = newest === undefined ? '' : `, after ${newest}`
    return { kind: 'keep', summary: `version ${version} can be released${after}`, result: { version } }
  },
  async act() {
    throw new Error('A version is only looked at: decide only keeps')
  },
}

function checkGrammar(version: string, { scheme, pattern }: Options): void {
  const parsed = parseSemVer(version)
  if (scheme === 'semver' && parsed === undefined) {
    throw new UserError('VERSION_SCHEME', `The version "${version}" is not one of SemVer.`, {
      hint: 'Write three numbers without leading zeros, and after them a pre-release if it is one: 1.2.0 or 1.2.0-rc.1.',
    })
  }
  if (scheme === 'numbers' && !/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.test(version)) {
    throw new UserError('VERSION_SCHEME', `The version "${version}" is not MAJOR.MINOR.PATCH.`, {
      hint: 'Write three numbers without leading zeros and nothing else, for example 1.2.0.',
    })
  }
  if (pattern === undefined || expressionOf(pattern).test(version)) return
  throw new UserError('VERSION_SCHEME', `The version "${version}" does not match the pattern ${pattern}.`, {
    hint: 'Choose a version of the kind that this project releases, or correct "pattern".',
  })
}

function expressionOf(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u')
  } catch (error) {
    throw new UserError('VERSION_PATTERN', `The pattern "${pattern}" is not a regular expression.`, {
      hint: error instanceof Error ? error.message : String(error),
      cause: error,
    })
  }
}

function newestOf(versions: readonly string[]): string | undefined {
  let newest: { readonly text: string; readonly parsed: SemVer } | undefined
  for (const text of versions) {
    const parsed = parseSemVer(text)
    if (parsed === undefined) continue
    if (newest === undefined || compareSemVer(parsed, newest.parsed) > 0) newest = { text, parsed }
  }
  return newest?.text
}

function notNewer(version: string, newest: string): Change<Result> | undefined {
  const [own, other] = [parseSemVer(version), parseSemVer(newest)]
  if (own === undefined || other === undefined || compareSemVer(own, other) > 0) return undefined
  return {
    kind: 'refuse',
    code: 'VERSION_NOT_NEWER',
    message: `The version ${version} is not newer than ${newest}, which is published.`,
    hint: `The next ones are ${nextVersions(other).join(', ')}. A release of an older line needs "order: any".`,
  }
}

function notNext(version: string, newest: string): Change<Result> | undefined {
  const [own, other] = [parseSemVer(version), parseSemVer(newest)]
  if (own === undefined || other === undefined) return undefined
  const next = nextVersions(other)
  if (next.includes(own.core.join('.'))) return undefined
  return {
    kind: 'refuse',
    code: 'VERSION_GAP',
    message: `The version ${version} leaves a gap after ${newest}.`,
    hint: `The next ones are ${next.join(', ')}. If the gap is wanted, set "order: newer" for this release.`,
  }
}
