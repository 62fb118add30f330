import { tellPull } from './pull-events.ts'
import type { World } from './world.ts'

/** Full name → id, as of the last look. */
const known = new WeakMap<World, ReadonlyMap<string, { readonly id: string }>>()
const zeros = '0'.repeat(40)

/** Looks what a push or a call did to branches and tags: tells webhooks, and brings open pull requests up to date. */
export async function referencesChanged(world: World, sender: string): Promise<void> {
  const before = known.get(world) ?? new Map()
  const now = await world.git.references()
  known.set(world, now)
  for (const name of new Set([...before.keys(), ...now.keys()])) {
    const [from, to] = [before.get(name)?.id ?? zeros, now.get(name)?.id ?? zeros]
    if (from === to) continue
    followHead(world, name, to)
    tell(world, { name, from, to }, sender)
  }
}

function followHead(world: World, name: string, to: string): void {
  for (const pull of world.pulls) {
    if (pull.state !== 'open' || `refs/heads/${pull.head}` !== name) continue
    pull.updatedAt = world.time()
    if (to === zeros) {
      pull.state = 'closed'
      pull.closedAt = world.time()
      tellPull(world, pull, { action: 'closed' })
      continue
    }
    pull.headCommit = to
    tellPull(world, pull, { action: 'synchronize' })
  }
}

function tell(
  world: World,
  { name, from, to }: { readonly name: string; readonly from: string; readonly to: string },
  sender: string,
): void {
  world.emit(
    'push',
    { ref: name, before: from, after: to, created: from === zeros, deleted: to === zeros },
    sender,
  )
  const [, kind = '', short = ''] = /^refs\/(heads|tags)\/(.*)$/.exec(name) ?? []
  const change = { ref: short, ref_type: kind === 'tags' ? 'tag' : 'branch' }
  if (from === zeros) world.emit('create', { ...change, master_branch: world.defaultBranch }, sender)
  if (to === zeros) world.emit('delete', change, sender)
}
