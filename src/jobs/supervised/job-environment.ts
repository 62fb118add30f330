import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { isSecretReference, resolveSecret } from '../../lib/secret.ts'
import type { JobContext, JobSpec } from '../job-runner.ts'

const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'A variable has letters, digits and "_".')

/** Options of every kind that gives its jobs an environment. */
export const environmentOptions = {
  environment: z
    .record(variableName, z.string())
    .default({})
    .describe(
      'Variables of the job, with their values. Others do not reach it, but for PATH and a few that say where it is.',
    ),
  pass: z
    .array(variableName)
    .default([])
    .describe("Names of Hawser's own variables that the job gets too, when they are set."),
  secrets: z
    .record(
      variableName,
      z.string().refine(isSecretReference, 'Write where it is: "env:NAME", "file:PATH" or "cmd:COMMAND".'),
    )
    .default({})
    .describe('Variables of the job whose values are secrets: where each is. They are masked in its log.'),
}

export interface EnvironmentOptions {
  readonly environment: { readonly [name: string]: string }
  readonly pass: readonly string[]
  readonly secrets: { readonly [name: string]: string }
}

export interface JobEnvironment {
  readonly variables: { readonly [name: string]: string }
  readonly secrets: readonly string[]
}

/** What was asked for, and nothing else of ours; every secret is masked from here on. */
export async function jobEnvironment(
  options: EnvironmentOptions,
  spec: JobSpec,
  context: JobContext,
): Promise<JobEnvironment> {
  const passed = options.pass.flatMap((name) => {
    const value = context.environment[name]
    return value === undefined ? [] : [[name, value]]
  })
  const values: [string, string][] = []
  for (const [name, reference] of Object.entries(options.secrets)) {
    const { text, warnings } = await secretOf(name, reference, spec, context)
    for (const warning of warnings) context.log(warning)
    context.maskSecret(text)
    values.push([name, text])
  }
  return {
    variables: {
      ...Object.fromEntries(passed),
      ...options.environment,
      ...spec.inputs,
      HAWSER_COMMIT: spec.commit,
      ...Object.fromEntries(values),
    },
    secrets: values.map(([, value]) => value),
  }
}

async function secretOf(
  name: string,
  reference: string,
  spec: JobSpec,
  { environment, root, signal }: JobContext,
): ReturnType<typeof resolveSecret> {
  try {
    return await resolveSecret(reference, { environment, root, signal })
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause
    throw new UserError(cause.code, `The secret ${name} of the job "${spec.name}": ${cause.message}`, {
      ...(cause.hint !== undefined && { hint: cause.hint }),
      cause,
    })
  }
}
