import type { Json } from './openapi.ts'
import { wholePullShape } from './pull-shapes.ts'
import type { PullState, World } from './world.ts'

/** What webhooks are told of a pull request: what was done, and how it is now. */
export function tellPull(
  world: World,
  pull: PullState,
  {
    action,
    sender,
    ...more
  }: { readonly action: string; readonly sender?: string; readonly [key: string]: Json | undefined },
): void {
  const extra = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)) as {
    [key: string]: Json
  }
  const payload = { action, number: pull.number, pull_request: wholePullShape(world, pull), ...extra }
  world.emit('pull_request', payload, sender)
}
