import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { anonymous } from '../../src/oci/credentials/credential.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { openRegistry } from '../../src/oci/registry/registry.ts'
import { mustRun } from '../clients/command.ts'
import { type DockerRegistry, startDockerRegistry } from '../servers/docker-registry.ts'
import { type GitHubStandIn, startGitHub } from '../servers/github/github.ts'
import { type Ended, type RunningHawser, startHawser } from './hawser.ts'

const example = join(import.meta.dirname, '../../examples/btp-manager')

/** The example with GitHub and a registry around it; each checkout is a machine of its own. */
export interface ModuleWorld {
  readonly github: GitHubStandIn
  readonly registry: DockerRegistry
  /** Programs in this folder come first. */
  readonly tools: string
  repository(path: string): OciStore
  /** With the engine in memory, unless it is to be the durable one. */
  checkout(engine?: 'memory' | 'durable'): Promise<Checkout>
  stop(): Promise<void>
}

export interface Checkout {
  readonly root: string
  hawser(...args: string[]): Promise<Ended>
  release(version: string, inputs?: { readonly [name: string]: string }): Promise<Ended>
  replace(version: string, inputs?: { readonly [name: string]: string }): Promise<Ended>
  start(version: string, inputs?: { readonly [name: string]: string }): RunningHawser
}

export async function moduleWorld(
  change: (files: { [path: string]: string }) => void = () => undefined,
  more: { readonly [name: string]: string } = {},
): Promise<ModuleWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-module-release-'))
  const tools = join(folder, 'tools')
  await mkdir(tools)
  const registry = await startDockerRegistry()
  const files = await exampleFiles()
  change(files)
  const github = await startGitHub({ repository: 'kyma-project/btp-manager', files })
  let count = 0
  const checkout: ModuleWorld['checkout'] = async (engine = 'memory') => {
    const root = join(folder, `checkout-${count++}`)
    await mustRun('git', ['clone', '--quiet', github.pushUrl, root])
    for (const name of await readdir(join(root, 'jobs'))) await chmod(join(root, 'jobs', name), 0o755)
    await mustRun('git', ['config', 'core.fileMode', 'false'], { cwd: root })
    await mkdir(join(root, 'bin'))
    await copyFile('/bin/busybox', join(root, 'bin/manager'))
    const environment = {
      PATH: [tools, dirname(process.execPath), process.env['PATH']].join(delimiter),
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: '1',
      CI: '1',
      HAWSER_ENGINE: engine,
      GITHUB_TOKEN: github.token,
      GITHUB_REPOSITORY: github.repository,
      GITHUB_API_URL: github.baseUrl,
      ...more,
    }
    const hawser = (...args: string[]) => startHawser(args, { cwd: root, environment }).ended
    const begin = (args: readonly string[], inputs: { readonly [name: string]: string }) => {
      const all = { registry: `${registry.host}/kyma-project`, cluster: 'none', ...inputs }
      const flags = Object.entries(all).flatMap(([name, value]) => ['--input', `${name}=${value}`])
      return startHawser([...args, '--yes', ...flags], { cwd: root, environment })
    }
    const start: Checkout['start'] = (version, inputs = {}) => begin(['release', version], inputs)
    return {
      root,
      hawser,
      start,
      release: (version, inputs) => start(version, inputs).ended,
      replace: (version, inputs = {}) => begin(['replace', version], inputs).ended,
    }
  }
  return {
    github,
    registry,
    tools,
    repository: (path) =>
      openRegistry({
        host: registry.host,
        credentials: anonymous,
        environment: {},
        maskSecret: () => undefined,
      }).repository(`kyma-project/${path}`),
    checkout,
    async stop() {
      await github.close()
      await registry.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function exampleFiles(): Promise<{ [path: string]: string }> {
  const entries = await readdir(example, { recursive: true, withFileTypes: true })
  const files: { [path: string]: string } = {}
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files[path.slice(example.length + 1)] = await readFile(path, 'utf8')
  }
  return files
}

export const moduleRepository = 'prod/unsigned/component-descriptors/kyma.project.io/module/btp-operator'
