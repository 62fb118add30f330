import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { UserError } from '../errors.ts'
import { fileSystemError, writeFileAtomic } from '../lib/atomic-file.ts'
import type { Digest } from '../lib/digest.ts'
import { canonicalJson } from '../lib/json.ts'
import type { Plan } from '../pipeline/plan.ts'
import { planDigest } from '../pipeline/plan-digest.ts'

/** As written: only the envelope is checked; the digest proves the rest. */
const envelope = z.object({
  digest: z.string(),
  plan: z.looseObject({ schema: z.literal('hawser.plan/1') }),
})

export interface WrittenPlan {
  readonly digest: Digest
  readonly plan: Plan
}

export async function writePlanFile(path: string, plan: Plan): Promise<Digest> {
  const digest = planDigest(plan)
  await writeFileAtomic(path, `${canonicalJson({ digest, plan })}\n`)
  return digest
}

/** A plan that was looked at before. A file that was changed since is refused: its digest is what was approved. */
export async function readPlanFile(path: string): Promise<WrittenPlan> {
  const parsed = envelope.safeParse(parseJson(await readText(path), path))
  if (!parsed.success) throw unreadable(path, parsed.error)
  // The digest is over exactly this value, and only Hawser writes such digests.
  const plan = parsed.data.plan as unknown as Plan
  const digest = planDigest(plan)
  if (digest === parsed.data.digest) return { digest, plan }
  throw new UserError(
    'PLAN_FILE_CHANGED',
    `The plan in "${path}" is not the one that its digest was made for.`,
    {
      hint: 'It was edited or damaged. Make it again: hawser plan VERSION --out FILE.',
    },
  )
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw fileSystemError(error, 'read the plan', path)
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

const unreadable = (path: string, cause: unknown): UserError =>
  new UserError('PLAN_FILE_UNREADABLE', `"${path}" is not a plan that Hawser wrote.`, {
    hint: 'Make one: hawser plan VERSION --out FILE.',
    cause,
  })
