import { z } from 'zod'
import { type DriftFinding, drift } from '../../downstream/drift.ts'
import { type Edit, edit, type PackageVersions, packageVersions } from '../../downstream/edit.ts'
import { placeText } from '../../downstream/replacement.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import { type Choice, choice } from '../choice.ts'
import { areMade, readForEdits } from '../edited-files.ts'
import { openForge } from '../forge-choice.ts'
import { neededPart, short } from '../forge-part.ts'
import { proposalOf } from '../proposal.ts'

type Options = {
  readonly forge: Choice
  /** The step that proposed the change. */
  readonly from: string
  readonly edits: readonly Edit[]
  readonly laterEdits: readonly (readonly Edit[])[]
  readonly packages: PackageVersions
  readonly foreign: readonly { readonly url: string; readonly of: string }[]
  readonly watch: readonly string[]
}
type Result = { readonly commit?: string; readonly files: number }
type Evidence = {
  /** Undefined: nothing was proposed. */
  readonly commit: string | undefined
  readonly files: number
  readonly findings: readonly DriftFinding[]
}

const shownMax = 30

/** Looks at what was proposed before anybody tests or merges it: nothing may be left at another version. */
export const checkDrift: Step<Options, Result, Evidence> = {
  name: 'check-drift',
  describe:
    'Refuses a proposed change that leaves packages at other versions, or addresses of another environment.',
  options: z.strictObject({
    forge: choice,
    from: z.string(),
    edits: z.array(edit).default([]),
    laterEdits: z.array(z.array(edit)).default([]),
    packages: packageVersions.default({}),
    foreign: z.array(z.strictObject({ url: z.string().min(1), of: z.string() })).default([]),
    watch: z.array(z.string()).default([]),
  }),
  async probe(options, context) {
    const commit = proposalOf(context, options.from)?.headCommit
    if (commit === undefined) {
      return { state: 'present', evidence: { commit: undefined, files: 0, findings: [] } }
    }
    return { state: 'present', evidence: await look(options, commit, context) }
  },
  decide({ from }, probe) {
    if (probe.state !== 'present') throw new Error('Files are read or it throws')
    const { commit, files, findings } = probe.evidence
    if (commit === undefined) {
      return { kind: 'keep', summary: `"${from}" proposed nothing`, result: { files } }
    }
    if (findings.length > 0) return refusal(findings, commit)
    return { kind: 'keep', summary: `nothing drifted in ${files} files`, result: { commit, files } }
  },
  async act() {
    throw new Error('Files are only looked at: decide only keeps')
  },
}

async function look(options: Options, commit: string, context: StepContext): Promise<Evidence> {
  const { edits, laterEdits, packages, foreign, watch } = options
  const contents = neededPart(openForge(options.forge, context), 'contents', 'check-drift')
  const all = [...edits, ...laterEdits.flat()]
  const files = await readForEdits(all, watch, { contents, commit, signal: context.signal })
  // Where a later environment has taken over, its addresses are right, and this one's would be wrong.
  const later = laterEdits.find((one) => areMade(one, files))
  const findings = drift({
    edits: later ?? edits,
    packages,
    foreign: later === undefined ? foreign : [],
    files,
  })
  return { commit, files: files.size, findings }
}

function refusal(findings: readonly DriftFinding[], commit: string) {
  const lines = findings.slice(0, shownMax).map((one) => `\n${placeText(one)}  ${one.message}`)
  const more = findings.length > shownMax ? `\n… and ${findings.length - shownMax} more` : ''
  const count = findings.length === 1 ? 'One place' : `${findings.length} places`
  return {
    kind: 'refuse',
    code: 'DRIFT',
    message: `${count} in ${short(commit)} ${findings.length === 1 ? 'is' : 'are'} not as this release wants it:${lines.join('')}${more}`,
    hint: 'Repair them on the branch of the pull request, or add an edit to hawser.yaml; "hawser bump --check" shows them all.',
  } as const
}
