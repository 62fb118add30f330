import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ChrootSuite, enter, recipePath } from './chroot.ts'
import { mustRun, runCommand } from './command.ts'

const packages = [
  'ca-certificates',
  'createrepo-c',
  'dnf',
  'gpg',
  'gpg-agent',
  'rpm',
  'xz-utils',
  'zstd',
  'zypper',
]
/** In the newest suites only. */
const optionalPackages = ['dnf5']
/** What a root was made of: another list of packages makes it again. */
const recipe = `${[...packages, ...optionalPackages].join('\n')}\n`

export type ChrootState = 'reused' | 'built'

/** Makes `<folder>/<suite>` with debootstrap from the mirror that this machine uses; a minute and 400 MB for each. */
export async function buildChroot(folder: string, suite: ChrootSuite): Promise<ChrootState> {
  const root = join(folder, suite)
  if ((await recipeOf(root)) === recipe) return 'reused'
  if (process.getuid?.() !== 0) throw new Error('Chroots are built and entered by root only.')
  const building = `${root}.${process.pid}`
  await rm(building, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  try {
    // debootstrap mounts as well, so it runs in the namespace already.
    await inNamespace('debootstrap', ['--variant=minbase', suite, building, await debianMirror()])
    await cp('/etc/resolv.conf', join(building, 'etc/resolv.conf'), { dereference: true })
    await writeFile(join(building, 'etc/apt/apt.conf.d/90machine'), await machineSettings())
    await installClients(building)
    await writeFile(join(building, recipePath), recipe)
    await rm(root, { recursive: true, force: true })
    await rename(building, root)
  } finally {
    await rm(building, { recursive: true, force: true })
  }
  return 'built'
}

async function recipeOf(root: string): Promise<string | undefined> {
  try {
    return await readFile(join(root, recipePath), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function installClients(root: string): Promise<void> {
  const apt = (...args: string[]) =>
    mustRun('unshare', [...enter(root), 'chroot', root, 'apt-get', '-q', ...args], {
      environment: { ...buildEnvironment(), DEBIAN_FRONTEND: 'noninteractive' },
    })
  await apt('update')
  await apt('install', '-y', '--no-install-recommends', ...packages)
  for (const name of optionalPackages) {
    const found = await runCommand('chroot', [root, 'apt-cache', 'show', name], {
      environment: buildEnvironment(),
    })
    if (found.status === 0) await apt('install', '-y', '--no-install-recommends', name)
  }
  await apt('clean')
}

const inNamespace = (program: string, args: readonly string[]): Promise<string> =>
  mustRun('unshare', ['--mount', '--propagation', 'private', program, ...args], {
    environment: buildEnvironment(),
  })

/** Downloads may need the proxy that the environment names. */
function buildEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => /_proxy$/i.test(name))
  return { ...Object.fromEntries(kept), PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
}

async function debianMirror(): Promise<string> {
  const query = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']
  const found = await mustRun('apt-get', [...query, 'Origin: Debian', 'Label: Debian', 'Component: main'])
  const [mirror] = found.split('\n')
  if (mirror !== undefined && mirror !== '') return mirror
  throw new Error('apt on this machine knows no Debian mirror; "apt-get update" first.')
}

/** How this machine reaches its mirror, proxies for example, and whether it minds that the mirror is an old one. */
async function machineSettings(): Promise<string> {
  const settings = await mustRun('apt-config', ['dump'])
  return settings
    .split('\n')
    .filter((line) => /^Acquire::(https?::|Check-)/.test(line))
    .map((line) => `${line}\n`)
    .join('')
}
