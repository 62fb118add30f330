import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { Forge, ForgeRelease } from '../../forge/forge.ts'
import { codeOf, fileSystemError } from '../../lib/atomic-file.ts'
import { mapLimited } from '../../lib/limit.ts'
import type { Change, Step, StepContext } from '../../pipeline/step.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'
import { neededPart } from '../forge-part.ts'
import { parseSemVer } from '../semver.ts'
import { type CommitOrigin, type LabelFindings, labelFindings } from './label-findings.ts'
import { readNoteCategories } from './note-categories.ts'

type Options = {
  readonly forge: Choice
  /** The file that says which labels there are. */
  readonly configuration: string
  /** Tag or commit that is compared with; the newest published release when not given. */
  readonly since?: string | undefined
  /** Commits that no pull request, or more than one, brought. */
  readonly strayCommits: 'refuse' | 'warn'
  /** Labels of changes that need more than a patch version. */
  readonly minorFor: readonly string[]
}
type Result = { readonly since: string | null; readonly pullRequests: number }
type Evidence = LabelFindings & { readonly since: string | undefined; readonly allowed: readonly string[] }

/** Every merged pull request since the last release has exactly one category of the release notes. */
export const checkLabels: Step<Options, Result, Evidence> = {
  name: 'check-labels',
  describe:
    'Checks that each merged pull request since the last release has exactly one label of the release notes.',
  options: z.strictObject({
    forge: choice,
    configuration: z.string().default('.github/release.yml'),
    since: z.string().optional(),
    strayCommits: z.enum(['refuse', 'warn']).default('refuse'),
    minorFor: z.array(z.string()).default([]),
  }),
  probesAlone: true,
  async probe(options, context) {
    const forge = openForge(options.forge, context)
    const text = await configurationText(options, forge, context)
    const categories = readNoteCategories(text, options.configuration)
    const since = await baseline(options, forge, context)
    const origins = await originsOf(forge, since?.commit, context)
    const allowed = categories.categories.flatMap(({ labels }) => labels)
    return {
      state: 'present',
      evidence: { ...labelFindings(origins, categories), since: since?.name, allowed },
    }
  },
  decide({ configuration, strayCommits, minorFor }, probe, { run }) {
    if (probe.state !== 'present') throw new Error('Pull requests are read or it throws')
    const { evidence } = probe
    const { labels, origins, since, pulls } = evidence
    const isRefused = labels.length > 0 || (origins.length > 0 && strayCommits === 'refuse')
    if (isRefused) return refusal(evidence, configuration, strayCommits)
    const small = bumpTooSmall(evidence, minorFor, run.version)
    if (small !== undefined) return small
    const strays =
      origins.length === 0 ? '' : `; warning: ${origins.length} commits without a pull request of their own`
    const after = since === undefined ? 'from the beginning' : `since ${since}`
    return {
      kind: 'keep',
      summary: `${pulls.length} pull requests ${after} are labelled${strays}`,
      result: { since: since ?? null, pullRequests: pulls.length },
    }
  },
  async act() {
    throw new Error('Labels are only looked at: decide only keeps')
  },
}

async function configurationText(
  { configuration }: Options,
  forge: Forge,
  { run, root }: StepContext,
): Promise<string> {
  const text =
    forge.contents === undefined
      ? await projectText(join(root, configuration))
      : await forge.contents.read(configuration, run.commit)
  if (text !== undefined) return text
  throw new UserError('NOTE_CATEGORIES', `The file "${configuration}" is not in the commit of the release.`, {
    hint: 'Commit it with the categories of the release notes, or name another file as "configuration".',
  })
}

async function projectText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw fileSystemError(error, 'read the categories', path)
  }
}

interface Baseline {
  readonly name: string
  readonly commit: string
}

/** Drafts and pre-releases were never the last release, and this version is not its own predecessor. */
async function baseline(
  { since }: Options,
  forge: Forge,
  { run }: StepContext,
): Promise<Baseline | undefined> {
  if (since !== undefined) return { name: since, commit: await resolved(since, forge) }
  const published = (await forge.listReleases()).filter(
    ({ state, isPrerelease, commit }) => state === 'published' && !isPrerelease && commit !== run.commit,
  )
  const newestFirst = published.toSorted((a, b) => timeOf(b) - timeOf(a))
  let newest: Baseline | undefined
  for (const { tag } of newestFirst) {
    const found = { name: tag, commit: await resolved(tag, forge) }
    // A later release of another line has commits that this one has not.
    if ((await forge.commitsBetween(run.commit, found.commit)).length === 0) return found
    newest ??= found
  }
  return newest
}

const timeOf = ({ publishedAt }: ForgeRelease): number => publishedAt?.getTime() ?? 0

async function resolved(revision: string, forge: Forge): Promise<string> {
  const tag = await forge.findTag(revision)
  const commit = tag?.commit ?? (await forge.resolve(revision))
  if (commit !== undefined) return commit
  throw new UserError(
    'BASELINE_ABSENT',
    `"${revision}", which the labels are checked since, is no commit of ${forge.location}.`,
    {
      hint: 'Its tag was removed. Set "since" of check-labels to the tag or commit of the last release.',
    },
  )
}

async function originsOf(
  forge: Forge,
  since: string | undefined,
  { run, signal }: StepContext,
): Promise<readonly CommitOrigin[]> {
  const pulls = neededPart(forge, 'pullRequests', 'check-labels')
  const commits = await forge.commitsBetween(since, run.commit)
  return mapLimited(
    commits.toReversed(),
    4,
    async (commit) => ({
      commit,
      pulls: (await pulls.ofCommit(commit.id)).filter(({ state }) => state === 'merged'),
    }),
    signal,
  )
}

/** New features in a patch release surprise people. */
function bumpTooSmall(
  { since, pulls }: Evidence,
  minorFor: readonly string[],
  version: string,
): Change<Result> | undefined {
  const own = parseSemVer(version)
  const last = parseSemVer(/\d.*$/.exec(since ?? '')?.[0] ?? '')
  if (own === undefined || last === undefined) return undefined
  const isPatch = own.core[0] === last.core[0] && own.core[1] === last.core[1]
  const large = pulls.filter(({ labels }) => labels.some((label) => minorFor.includes(label)))
  if (!isPatch || large.length === 0) return undefined
  const [major, minor] = last.core
  return {
    kind: 'refuse',
    code: 'BUMP_TOO_SMALL',
    message: `The version ${version} is a patch of ${since}, and these pull requests are more than that:\n${large
      .map(
        ({ url, labels }) => `${url} has ${labels.filter((label) => minorFor.includes(label)).join(' and ')}`,
      )
      .join('\n')}`,
    hint: `Release ${major}.${minor + 1}.0, or correct the labels.`,
  }
}

function refusal(
  { labels, origins, allowed }: Evidence,
  configuration: string,
  strayCommits: Options['strayCommits'],
): Change<Result> {
  const parts: string[] = []
  if (labels.length > 0) {
    parts.push(`These pull requests do not have exactly one label of ${configuration}:\n${labels.join('\n')}`)
  }
  if (origins.length > 0 && strayCommits === 'refuse') {
    parts.push(`These commits did not come with exactly one pull request:\n${origins.join('\n')}`)
  }
  const hints = [
    ...(labels.length > 0 ? [`Give each exactly one of ${allowed.join(', ')}; then release again.`] : []),
    ...(origins.length > 0 && strayCommits === 'refuse'
      ? ['If such commits are wanted, set "strayCommits: warn" of check-labels.']
      : []),
  ]
  return {
    kind: 'refuse',
    code: labels.length > 0 ? 'LABELS' : 'STRAY_COMMITS',
    message: parts.join('\n'),
    hint: hints.join('\n'),
  }
}
