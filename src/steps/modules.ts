import { join } from 'node:path'
import { z } from 'zod'
import { type Digest, isDigest } from '../lib/digest.ts'
import { openTransportFormat } from '../module/transport-format.ts'
import type { OciStore } from '../oci/oci-store.ts'
import type { StepContext } from '../pipeline/step.ts'
import { artifactsResult } from './artifacts.ts'

/** The result of a step that builds a module: its files as artifacts, and the component. */
export const moduleResult = artifactsResult.extend({
  module: z.object({
    name: z.string(),
    /** Host, path and component; without a tag. */
    repository: z.string(),
    tag: z.string(),
    digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  }),
})
export type ModuleResult = z.infer<typeof moduleResult>

/** Where people find a module that was built: `dist/VERSION/NAME.ctf`, OCM's Common Transport Format. */
export const openBuiltModule = (
  { root, run }: Pick<StepContext, 'root' | 'run'>,
  name: string,
  repository: string,
): OciStore => openTransportFormat(join(root, 'dist', run.version, `${name}.ctf`), repository)

export const builtModule = (
  { results }: Pick<StepContext, 'results'>,
  stepId: string,
): ModuleResult['module'] => moduleResult.parse(results[stepId]).module
