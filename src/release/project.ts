import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { UserError } from '../errors.ts'
import { codeOf } from '../lib/atomic-file.ts'
import { runGit } from '../lib/git.ts'
import { Redactor } from '../lib/redact.ts'
import type { RunIdentity } from '../pipeline/step.ts'

export const configName = 'hawser.yaml'

/** Where a command works, and what it may know of the machine. */
export interface Project {
  /** Absolute folder of hawser.yaml. */
  readonly root: string
  readonly configPath: string
  readonly environment: { readonly [name: string]: string | undefined }
  readonly now: () => Date
  readonly redactor: Redactor
}

export interface ProjectOptions {
  readonly cwd: string
  readonly environment: Project['environment']
  readonly now?: () => Date
}

/** The project whose hawser.yaml is in this folder or the nearest one above. */
export async function findProject({ cwd, environment, now }: ProjectOptions): Promise<Project> {
  const start = resolve(cwd)
  for (let folder = start; ; folder = dirname(folder)) {
    const configPath = join(folder, configName)
    if (await exists(configPath)) {
      return {
        root: folder,
        configPath,
        environment,
        now: now ?? (() => new Date()),
        redactor: new Redactor(),
      }
    }
    if (folder === dirname(folder)) throw noProject(start)
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false
    throw error
  }
}

const noProject = (folder: string): UserError =>
  new UserError('PROJECT_NOT_FOUND', `There is no ${configName} in "${folder}" or above it.`, {
    hint: 'Go to your project, or run "hawser init" there to have one written.',
  })

export interface Checkout {
  readonly commit: string
  /** Seconds since 1970. */
  readonly epoch: number
  /** Tracked files that differ from the commit; what they hold is not what would be tagged. */
  readonly modified: readonly string[]
}

/** What the checkout is: the commit, and the one time that bytes may depend on (reproducible-builds.org: SOURCE_DATE_EPOCH). */
export async function readCheckout({ root, environment }: Project, signal: AbortSignal): Promise<Checkout> {
  const git = (...args: string[]) => runGit(args, { cwd: root, environment, signal, answers: [128] })
  const head = await git('log', '-1', '--format=%H %ct', '--end-of-options', 'HEAD')
  if (head.exitCode !== 0) throw noCommit(root)
  const [commit = '', time = ''] = head.text.split(' ')
  const status = await git('status', '--porcelain', '-z', '--untracked-files=no')
  const modified = status.text.split('\0').flatMap((line) => (line === '' ? [] : [line.slice(3)]))
  return { commit, epoch: sourceDateEpoch(environment) ?? Number(time), modified }
}

const noCommit = (root: string): UserError =>
  new UserError('CHECKOUT_NONE', `"${root}" is not in a git repository with a commit.`, {
    hint: 'A release is tied to a commit: run "git init", commit what hawser.yaml needs, then try again.',
  })

function sourceDateEpoch(environment: Project['environment']): number | undefined {
  const text = environment['SOURCE_DATE_EPOCH']
  if (text === undefined || text === '') return undefined
  if (/^\d{1,11}$/.test(text)) return Number(text)
  throw new UserError('SOURCE_DATE_EPOCH', `SOURCE_DATE_EPOCH is "${text}", which is no number of seconds.`, {
    hint: 'Set it to whole seconds since 1970, for example "$(git log -1 --format=%ct)", or leave it out.',
  })
}

/** A release is made of what is committed; anything else could never be built again. */
export function refuseModified({ modified }: Checkout): void {
  if (modified.length === 0) return
  const shown = modified.slice(0, 5).join(', ') + (modified.length > 5 ? ', …' : '')
  throw new UserError('CHECKOUT_MODIFIED', `${modified.length} committed files are modified: ${shown}.`, {
    hint: 'Commit or stash them: the tag must say what was released.',
  })
}

export function runIdentity(project: string, version: string, { commit, epoch }: Checkout): RunIdentity {
  return { project, version, commit, epoch }
}
