import { z } from 'zod'
import type { Json } from '../../lib/json.ts'
import type { ArtifactsResult } from '../artifacts.ts'
import { choice } from '../choice.ts'
import { jobChoice } from '../job-choice.ts'

export const options = z.object({
  /** For people, and for messages. */
  name: z.string().min(1),
  job: jobChoice,
  forge: choice,
  inputs: z.record(z.string(), z.string()).default({}),
  /** Inputs whose values are results of other steps: the step, and the way to the value in its result, such as "outputs.image". */
  inputsFrom: z
    .record(z.string(), z.object({ step: z.string(), path: z.string().regex(/^[^.]+(?:\.[^.]+)*$/) }))
    .default({}),
  /** The step whose commit the job is about; without it (or when it was skipped): the run's. */
  commitFrom: z.string().optional(),
  /** The step that proposed a change: the job is about the head of its pull request, or about the merge of it. */
  headFrom: z.string().optional(),
  /** The longest that one attempt may take. */
  limitMs: z.number().int().positive().default(3_600_000),
  /** How often the job is started at most, when it fails. */
  attemptsMax: z.number().int().min(1).max(10).default(1),
  /** Files of the job to be kept; each pattern must match. */
  artifacts: z.array(z.string().min(1)).default([]),
  /** Keep the log of the job as a file of this name. */
  logAs: z
    .string()
    .regex(/^[^/\s]+$/)
    .optional(),
  /** Tag of the release that the job is for: once that is published, the job is not run again. */
  release: z.string().optional(),
  /** Where that release is, when not at `forge`. */
  releaseForge: choice.optional(),
  againAfterMs: z.number().int().min(50).default(2_000),
})

export type Options = z.output<typeof options>

export type Result = ArtifactsResult & {
  readonly [key: string]: Json
  readonly attempt: number
  readonly outputs: { readonly [name: string]: string }
}
