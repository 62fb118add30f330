import type { Forge } from '../forge/forge.ts'
import { forges } from '../forge/index.ts'
import { type Choice, createChosen, type PortContext } from './choice.ts'

export function openForge(chosen: Choice, context: PortContext): Forge {
  return createChosen(forges, chosen, {
    root: context.root,
    environment: context.environment,
    signal: context.signal,
    maskSecret: context.maskSecret,
  })
}
