import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import { mustRun } from '../clients/command.ts'
import { type ProjectChoices, projectFiles } from './files.ts'
import { type Ended, type HawserOptions, type RunningHawser, startHawser } from './hawser.ts'

export const version = '1.0.0'

/** A project in a git repository with one commit, and everything that a command sees of the machine. */
export interface TestProject {
  /** Of the checkout. */
  readonly root: string
  readonly environment: NodeJS.ProcessEnv
  /** Runs the real CLI to its end. */
  hawser(args: readonly string[], options?: HawserOptions): Promise<Ended>
  start(args: readonly string[], options?: HawserOptions): RunningHawser
  git(...args: readonly string[]): Promise<string>
  write(path: string, content: string): Promise<void>
  /** The same project in another folder beside it. */
  copy(name: string): Promise<TestProject>
  copyTo(path: string): Promise<TestProject>
  remove(): Promise<void>
}

export interface TestProjectOptions extends Partial<ProjectChoices> {
  readonly engine?: 'memory' | 'durable'
  readonly algorithm?: 'rsa4096' | 'ed25519'
  /** Locks the key; give it to the CLI in the environment. */
  readonly lockedWith?: string
  /** Where the project is made; without it a new temporary folder. */
  readonly parent?: string
}

export const keyPath = '.hawser/keys/release.asc'

export async function testProject(options: TestProjectOptions = {}): Promise<TestProject> {
  const choices = {
    packages: ['hello', 'hello-data'],
    architectures: ['amd64', 'arm64'],
    parallel: 4,
    key: `file:${keyPath}`,
    ...options,
  }
  const project = await emptyProject(options)
  for (const [path, content] of Object.entries(projectFiles(choices))) await project.write(path, content)
  await project.write(keyPath, await newKey(options))
  await commit(project, 'Say hello')
  return project
}

/** A git repository without a commit. */
export async function emptyProject(
  options: Pick<TestProjectOptions, 'engine' | 'parent'>,
): Promise<TestProject> {
  const folder = options.parent ?? (await mkdtemp(join(tmpdir(), 'hawser-acceptance-')))
  const [home, root] = [join(folder, 'home'), join(folder, 'project')]
  await mkdir(home)
  await mkdir(root)
  const environment = {
    ...networkSettings(),
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    CI: '1',
    HAWSER_ENGINE: options.engine ?? 'memory',
  }
  const project = projectAt(root, environment, folder)
  await project.git('init', '--quiet', '--initial-branch=main')
  return project
}

/** How this machine reaches the registry; everything else of its environment is left out. */
function networkSettings(): NodeJS.ProcessEnv {
  const isOfNetwork = /^(npm_config_.*|https?_proxy|no_proxy|node_extra_ca_certs|ssl_cert_(file|dir))$/i
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isOfNetwork.test(name)))
}

export async function newKey({
  algorithm = 'ed25519',
  lockedWith,
}: Pick<TestProjectOptions, 'algorithm' | 'lockedWith'> = {}): Promise<string> {
  const { privateKeyArmored } = await generateKey({
    userId: 'Release Team <release@example.org>',
    algorithm,
    date: new Date('2025-01-01T00:00:00Z'),
    ...(lockedWith !== undefined && { passphrase: lockedWith }),
  })
  return privateKeyArmored
}

/** The same content and parent give the same commit wherever it is made. */
export async function commit(project: TestProject, title: string): Promise<void> {
  await project.git('add', '--all')
  await project.git('commit', '--quiet', '--message', title)
}

function projectAt(root: string, environment: NodeJS.ProcessEnv, folder: string): TestProject {
  const start = (args: readonly string[], options: HawserOptions = {}): RunningHawser =>
    startHawser(args, { cwd: root, ...options, environment: { ...environment, ...options.environment } })
  const copyTo = async (to: string): Promise<TestProject> => {
    await cp(root, to, { recursive: true, verbatimSymlinks: true })
    return projectAt(to, environment, to)
  }
  return {
    root,
    environment,
    start,
    hawser: (args, options) => start(args, options).ended,
    git: (...args) => mustRun('git', args, { cwd: root, environment: gitEnvironment(environment) }),
    write: async (path, content) => {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), content)
    },
    copy: (name) => copyTo(join(folder, name)),
    copyTo,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

function gitEnvironment({ HOME = '' }: NodeJS.ProcessEnv): Record<string, string> {
  const date = '1767225600 +0000' // 2026-01-01
  return {
    HOME,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Ann Author',
    GIT_AUTHOR_EMAIL: 'ann@example.org',
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: 'Ann Author',
    GIT_COMMITTER_EMAIL: 'ann@example.org',
    GIT_COMMITTER_DATE: date,
  }
}
