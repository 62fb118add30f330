import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { mustRun } from '../clients/command.ts'
import { startDockerRegistry } from '../servers/docker-registry.ts'
import { type GitHubStandIn, startGitHub } from '../servers/github/github.ts'
import { type Radosgw, startRadosgw } from '../servers/radosgw.ts'
import { type Ended, type RunningHawser, startHawser } from './hawser.ts'
import { type Downloads, startDownloads } from './ket-downloads.ts'
import { type BucketVariable, bucketVariables, pushImages, s3Environment, writeKeys } from './ket-packages.ts'
import { example, pinnedExample } from './ket-pins.ts'

const consumerFiles = join(import.meta.dirname, '../../src/downstream/testdata/consumer')

type Buckets = { readonly [name in BucketVariable]: string }

/** The example with everything around it: two repositories at GitHub, a real S3 service, a registry, upstream's downloads. */
export interface PackageWorld {
  /** Where the packages are made; branches dev and main. */
  readonly packages: GitHubStandIn
  /** KET, which installs them. */
  readonly ket: GitHubStandIn
  readonly s3: Radosgw
  readonly buckets: Buckets
  readonly downloads: Downloads
  readonly keys: string
  /** A clone of the branch; each is a machine of its own. */
  checkout(branch: string): Promise<PackageCheckout>
  stop(): Promise<void>
}

export interface PackageCheckout {
  readonly root: string
  /** Flags that every run of a pipeline needs here. */
  readonly inputs: readonly string[]
  readonly environment: { readonly [name: string]: string }
  hawser(...args: string[]): Promise<Ended>
  start(...args: string[]): RunningHawser
}

export interface PackageWorldOptions {
  /** What Hawser sees in the place of the S3 service, such as a proxy with faults. */
  readonly s3Endpoint?: (endpoint: string) => Promise<string>
  readonly change?: (files: { [path: string]: string }) => void
}

export async function packageWorld(options: PackageWorldOptions = {}): Promise<PackageWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-package-release-'))
  const [s3, registry, downloads] = await Promise.all([
    startRadosgw(),
    startDockerRegistry(),
    startDownloads(),
  ])
  const files = await filesIn(example)
  files['hawser.yaml'] = await pinnedExample()
  await pushImages(registry.host)
  options.change?.(files)
  const packages = await startGitHub({ repository: 'apprenda/kismatic-distro-packages', files })
  const { git } = packages.world
  await git.setReference('refs/heads/dev', (await git.resolve('refs/heads/main')) ?? '')
  const s3Variables = await s3Environment(folder, s3)
  const buckets = Object.fromEntries(
    bucketVariables.map((name) => [name, s3Variables[name] ?? '']),
  ) as Buckets // exactly these keys
  const ket = await startGitHub({
    repository: 'apprenda/kismatic',
    files: await ketFiles(
      `${s3.endpoint}/${buckets.DEB_REPO_PRODUCTION}`,
      `${s3.endpoint}/${buckets.RPM_REPO_PRODUCTION}`,
    ),
  })
  const keys = join(folder, 'gpgkeys')
  await writeKeys(keys)
  const endpoint = (await options.s3Endpoint?.(s3.endpoint)) ?? s3.endpoint
  let count = 0
  const checkout: PackageWorld['checkout'] = async (branch) => {
    const root = join(folder, `checkout-${count++}`)
    await mustRun('git', ['clone', '--quiet', packages.pushUrl, root])
    await mustRun('git', ['checkout', '--quiet', '-B', branch, '--track', `origin/${branch}`], { cwd: root })
    await mustRun('git', ['config', 'core.fileMode', 'false'], { cwd: root })
    for (const name of await readdir(join(root, 'jobs'))) await chmod(join(root, 'jobs', name), 0o755)
    const environment = {
      ...{ ...s3Variables, AWS_ENDPOINT_URL_S3: endpoint, AWS_REGION: 'us-east-1', KEYS_PATH: keys },
      ...{
        GITHUB_TOKEN: packages.token,
        GITHUB_REPOSITORY: packages.repository,
        GITHUB_API_URL: packages.baseUrl,
      },
      ...{ KET_TOKEN: ket.token, KET_API_URL: ket.baseUrl, KET_CLONE_URL: ket.gitUrl },
      PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: '1',
    }
    const inputs = ['--input', `downloads=${downloads.input}`, '--input', `registry=${registry.host}/`]
    const start = (...args: string[]): RunningHawser => {
      const isRun = ['plan', 'release', 'build', 'next'].includes(args[0] ?? '')
      return startHawser([...args, ...(isRun ? inputs : [])], { cwd: root, environment, timeoutMs: 300_000 })
    }
    return { root, inputs, environment, start, hawser: (...args) => start(...args).ended }
  }
  return {
    ...{ packages, ket, s3, buckets, downloads, keys, checkout },
    async stop() {
      await Promise.all([packages.close(), ket.close()])
      await Promise.all([s3.stop(), registry.stop(), downloads.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** KET as it installs the packages of production; addresses are those of this world. */
async function ketFiles(deb: string, rpm: string): Promise<{ [path: string]: string }> {
  const files = await filesIn(consumerFiles)
  const path = 'ansible/group_vars/all.yaml'
  const values = files[path] ?? ''
  files[path] = values
    .replace('https://packages.example.org/rpm/RPM-GPG-KEY-rpm', `${rpm}/public.key`)
    .replace('https://packages.example.org/deb/deb.asc', `${deb}/public.key`)
    .replace('https://packages.example.org/rpm', rpm)
    .replace('https://packages.example.org/deb', deb)
  return files
}

async function filesIn(folder: string): Promise<{ [path: string]: string }> {
  const files: { [path: string]: string } = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files[path.slice(folder.length + 1)] = await readFile(path, 'utf8')
  }
  return files
}
