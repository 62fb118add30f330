import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { mustRun } from '../clients/command.ts'
import type { Ended, RunningHawser } from './hawser.ts'
import type { PackageCheckout, PackageWorld } from './package-world.ts'

const greenInProduction = '✓ test:kismatic:production:integration'

/** Who follows what Hawser says. */
type Listener = (text: string) => void

/** A commit with these files on top of main, pushed as the branch. */
export async function pushBranch(
  { packages }: PackageWorld,
  branch: string,
  files: { readonly [path: string]: string },
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-push-'))
  const git = (...args: string[]) => mustRun('git', args, { cwd: folder })
  try {
    await git('clone', '--quiet', packages.pushUrl, '.')
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
      await git('add', path)
    }
    const person = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org']
    if (Object.keys(files).length > 0) await git(...person, 'commit', '--quiet', '-m', 'Change the packages')
    await git('push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What CI does with a commit on dev: the next build, to staging, with the pull request of KET and its tests. */
export async function stage(
  world: PackageWorld,
  listen: Listener = ignore,
): Promise<{ readonly version: string }> {
  const checkout = await world.checkout('dev')
  const { stdout } = done(await checkout.hawser('next'))
  done(await follow(checkout, ['release', 'next', '--yes'], listen))
  return { version: stdout.trim() }
}

/** dev is merged into main; the release there waits for a person, who says yes. */
export async function produce(
  world: PackageWorld,
  version: string,
  listen: Listener = ignore,
): Promise<Ended & { readonly machine: PackageCheckout }> {
  const machine = await world.checkout('main')
  const git = (...args: string[]) => mustRun('git', args, { cwd: machine.root })
  const person = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org']
  await git(...person, 'merge', '--quiet', '--no-ff', '-m', 'Merge dev', 'origin/dev')
  await git('push', '--quiet', 'origin', 'main')
  const waiting = await follow(machine, ['release', 'next', '--yes'], listen)
  if (waiting.code !== 3) throw new Error(`It does not wait (${waiting.code}):\n${waiting.stderr}`)
  done(await follow(machine, ['approve', 'approve:production', '--reason', 'Tested on staging'], listen))
  const running = begin(machine, ['resume', version], listen)
  await running.says(greenInProduction)
  await mergeOpen(world, listen)
  return { ...(await running.ended), machine }
}

/** Whoever owns KET merges what is open there. */
export async function mergeOpen({ ket }: PackageWorld, listen: Listener): Promise<void> {
  const open = ket.world.pulls.find(({ state }) => state === 'open')
  if (open === undefined) throw new Error('KET has no open pull request')
  listen(`  (a person merges "${open.title}" of KET)\n`)
  await ket.world.merge(open.number)
}

const ignore: Listener = () => undefined

function begin(checkout: PackageCheckout, args: readonly string[], listen: Listener): RunningHawser {
  const running = checkout.start(...args)
  for (const stream of [running.child.stdout, running.child.stderr]) stream?.on('data', listen)
  return running
}

const follow = (checkout: PackageCheckout, args: readonly string[], listen: Listener): Promise<Ended> =>
  begin(checkout, args, listen).ended

function done(ended: Ended): Ended {
  if (ended.code === 0) return ended
  throw new Error(`It ended with ${ended.code}:\n${ended.stdout}\n${ended.stderr}`)
}
