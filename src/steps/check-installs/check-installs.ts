import { z } from 'zod'
import { checkInstalls as check, type InstallReport } from '../../installs/check-installs.ts'
import { installResolvers } from '../../installs/index.ts'
import type { InstallResolver } from '../../installs/install-resolver.ts'
import { brokenText, groundsText } from '../../installs/report-text.ts'
import { type CaseKind, caseKinds } from '../../installs/trials.ts'
import type { Step } from '../../pipeline/step.ts'
import {
  type OpenedRepository,
  openRepository,
  packageInputs,
  type RepositoryOptions,
  repositoryOptions,
} from '../publish-packages/open-repository.ts'
import { type InstallsChoice, installsChoice } from './installs-choice.ts'

type Options = RepositoryOptions & { readonly from: readonly string[]; readonly installs: InstallsChoice }

const reportSchema = z.object({
  tried: z.number(),
  earlier: z.array(z.string()),
  leftOut: z.number(),
  assumed: z.array(z.string()),
  broken: z.array(
    z.object({
      kind: z.enum(caseKinds),
      release: z.string(),
      architecture: z.string(),
      command: z.string(),
      words: z.array(z.string()),
    }),
  ),
})
type Result = z.output<typeof reportSchema>

/** Tries what users do against the index as it would be after the publish. Nothing is ever written. */
export const checkInstalls: Step<Options, Result, InstallReport> = {
  name: 'check-installs',
  describe:
    'Tries with the real program of the clients whether what users install still works once the packages are published.',
  options: z.object({ ...repositoryOptions, from: z.array(z.string()), installs: installsChoice }),
  async probe(options, context) {
    const repository = await openRepository(options, context)
    const inputs = await packageInputs(options.from, repository, context)
    const { environment, signal, run } = context
    const { commands, earlier } = options.installs
    const resolver = resolverOf(repository)
    const verdict = await check({
      ...{ repository, inputs, resolver, commands, earlier, environment, signal },
      version: run.version,
    })
    return verdict.state === 'tried'
      ? { state: 'present', evidence: verdict.report }
      : { state: 'unknown', reason: verdict.reason }
  },
  decide({ repository, installs }, probe) {
    if (probe.state !== 'present') throw new Error('What users install is tried, or it is unknown')
    const { tried, broken } = probe.evidence
    const refused = broken.filter(({ kind }) => installs[kind] === 'refuse')
    if (refused.length > 0) {
      return {
        kind: 'refuse',
        code: 'INSTALLS_BROKEN',
        message: `${countText(refused.length, tried)} would break once these packages are in "${repository}":\n${brokenText(refused)}`,
        hint: hintOf(repository, [...new Set(refused.map(({ kind }) => kind))]),
      }
    }
    const summary =
      broken.length === 0
        ? `${tried} commands of users work with "${repository}"`
        : `warning: ${countText(broken.length, tried)} would break with "${repository}":\n${brokenText(broken)}`
    return { kind: 'keep', summary, result: reportSchema.parse(probe.evidence) }
  },
  async verify(report, _options, context) {
    if (report.broken.length > 0)
      context.log(`warning: these commands would break:\n${brokenText(report.broken)}`)
    for (const line of groundsText(report)) context.log(line)
  },
  async act() {
    throw new Error('Installs are only tried: decide only keeps')
  },
}

const countText = (count: number, tried: number): string => `${count} of ${tried} commands that users type`

function resolverOf({ name, format }: OpenedRepository): InstallResolver {
  const found = installResolvers.find(({ packageFormat }) => packageFormat === format.packageFormat)
  if (found === undefined) throw new Error(`Nobody can try the ${format.packageFormat} packages of "${name}"`)
  return found
}

const repairs: { readonly [kind in CaseKind]: string } = {
  new: 'Repair what the packages of this release need from each other.',
  upgrade: 'Let the new packages replace what is in their way, or relax what the earlier ones need.',
  older:
    'Let packages need "at least" instead of exactly one version, or tell users to name every package with its version in one command.',
}

function hintOf(repository: string, kinds: readonly CaseKind[]): string {
  const settings = kinds.map((kind) => `repositories.${repository}.installs.${kind}: warn`).join(', ')
  return `${kinds.map((kind) => repairs[kind]).join(' ')} To publish all the same: ${settings}.`
}
