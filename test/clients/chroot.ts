import { existsSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from './command.ts'
import type { System } from './system.ts'

/** Besides Debian 12: the oldest clients that we promise, the current stable, and the newest there are (dnf5, rpm 6, apt 3.3). */
export const chrootSuites = ['bullseye', 'trixie', 'sid'] as const
export type ChrootSuite = (typeof chrootSuites)[number]

/** The folder that HAWSER_CHROOTS selects ("1": one in the user's cache); undefined when chroots are not asked for. */
export function chrootFolder(environment: NodeJS.ProcessEnv): string | undefined {
  const chosen = environment['HAWSER_CHROOTS'] ?? ''
  if (chosen === '' || chosen === '0') return undefined
  if (chosen !== '1') return chosen
  // XDG Base Directory Specification: what can be made again belongs to the cache.
  const cache = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(cache, 'hawser', 'chroots')
}

/** A file of the root that is written last: with it, the root is complete. */
export const recipePath = 'etc/hawser-chroot'

/** Runs programs of another suite. Each gets its own mounts and processes, which end with it: neither mounts nor agents are left. */
export function chrootSystem(folder: string, suite: ChrootSuite): System {
  const root = join(folder, suite)
  if (!existsSync(join(root, recipePath))) {
    throw new Error(`There is no complete chroot at ${root}: "npm run test:clients" builds it.`)
  }
  return {
    name: suite,
    run: (program, args, options = {}) =>
      runCommand('unshare', [...enter(root), 'chroot', root, program, ...args], {
        ...options,
        environment: { ...options.environment, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      }),
  }
}

/** The beginning of a command line that mounts what programs in the root need, and then runs the rest of the line. */
export function enter(root: string): readonly string[] {
  const script = `
set -e
root=$1 shared=$2
shift 2
mkdir -p "$root$shared"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$shared" "$root$shared"
"$@" || exit $?
exit 0`
  // The shell stays process 1 of the namespace: when it ends, the kernel ends whatever the program left behind.
  const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child']
  return [...namespaces, 'sh', '-c', script, 'sh', root, tmpdir()]
}
