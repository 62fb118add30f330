import { z } from 'zod'
import type { Digest } from '../../lib/digest.ts'
import type { Step } from '../../pipeline/step.ts'
import { projectStore } from '../artifacts.ts'
import { type Choice, choice } from '../choice.ts'
import { openSource } from '../source-choice.ts'

type Options = { readonly name: string; readonly source: Choice }
type Result = { readonly digest: Digest; readonly files: number }

/** Brings one pinned source into the store. */
export const fetchSource: Step<Options, Result, Result> = {
  name: 'fetch-source',
  describe: 'Fetches a pinned source into the store, or finds it there.',
  options: z.object({ name: z.string(), source: choice }),
  probesAlone: true,
  async probe({ source }, context) {
    const found = await openSource(source, context, await projectStore(context)).peek(context.signal)
    if (found === undefined) return { state: 'absent' }
    return { state: 'present', evidence: { digest: found.digest, files: found.files.length } }
  },
  decide({ name }, probe) {
    if (probe.state !== 'present') return { kind: 'create', summary: `fetch "${name}"` }
    return { kind: 'keep', summary: `"${name}" is at hand`, result: probe.evidence }
  },
  async act(_change, { source }, context) {
    const opened = openSource(source, context, await projectStore(context))
    context.log(`fetching ${opened.describe}`)
    const { digest, files } = await opened.fetch(context.signal)
    return { digest, files: files.length }
  },
}
