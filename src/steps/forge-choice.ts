import type { Forge } from '../forge/forge.ts'
import { forges } from '../forge/index.ts'
import type { StepContext } from '../pipeline/step.ts'
import { type Choice, createChosen } from './choice.ts'

export function openForge(chosen: Choice, context: StepContext): Forge {
  return createChosen(forges, chosen, {
    root: context.root,
    environment: context.environment,
    signal: context.signal,
  })
}
