import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { openArtifactStore } from '../../src/artifacts/store.ts'
import { failureText } from '../../src/errors.ts'
import type { FetchedSource, Source, SourceContext } from '../../src/sources/source.ts'

/** A project in a temporary folder, new for each test. */
export interface Project extends SourceContext {
  readonly folder: string
  readonly warnings: string[]
  readonly retries: string[]
}

export const signal = new AbortController().signal

/** Registers the set-up and clean-up; gives access to the project of the running test. */
export function useProject(): () => Project {
  let project: Project | undefined
  beforeEach(async () => {
    project = await makeProject()
  })
  afterEach(async () => {
    if (project !== undefined) await rm(project.folder, { recursive: true, force: true })
  })
  return () => {
    if (project === undefined) throw new Error('The project exists only while a test runs')
    return project
  }
}

async function makeProject(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-sources-'))
  const [root, home] = [join(folder, 'project'), join(folder, 'home')]
  await mkdir(root)
  await mkdir(home)
  const warnings: string[] = []
  const retries: string[] = []
  return {
    folder,
    root,
    warnings,
    retries,
    store: await openArtifactStore(join(root, '.hawser/store'), {
      warn: (message) => warnings.push(message),
    }),
    // Nothing of the tester's own settings of npm and git.
    environment: {
      PATH: process.env['PATH'],
      HOME: home,
      npm_config_globalconfig: join(home, 'global-npmrc'),
      GIT_CONFIG_NOSYSTEM: '1',
    },
    onRetry: (message) => retries.push(message),
    wait: () => Promise.resolve(),
  }
}

/** The failure as people see it, without what differs from run to run. */
export async function failureOf(source: Source, project: Project): Promise<string> {
  return await failureTextOf(source.fetch(signal), project)
}

export async function failureTextOf(promise: Promise<unknown>, project: Project): Promise<string> {
  const error = await promise.then(
    () => new Error('It did not fail'),
    (failure: unknown) => failure,
  )
  return failureText(error)
    .replaceAll(project.folder, 'FOLDER')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
    .replaceAll(/\d+-[0-9a-z]+-[0-9a-f]{12}/g, 'TEMPORARY')
}

export async function textOf(fetched: FetchedSource, path: string, { store }: Project): Promise<string> {
  const file = fetched.files.find((candidate) => candidate.path === path)
  if (file === undefined) throw new Error(`There is no "${path}"`)
  return await readFile(await store.verifiedPath(file.digest), 'utf8')
}

/** `path mode` of each file, links with their target. */
export const listOf = ({ files }: FetchedSource): string[] =>
  files.map(
    ({ path, mode, target }) => `${path} ${mode.toString(8)}${target === undefined ? '' : ` → ${target}`}`,
  )
