import { spawn } from 'node:child_process'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface GitCommit {
  readonly id: string
  readonly tree: string
  readonly parents: readonly string[]
  readonly author: GitPerson
  readonly committer: GitPerson
  readonly message: string
}

export interface GitPerson {
  readonly name: string
  readonly email: string
  /** RFC 3339 */
  readonly date: string
}

export interface NewCommit {
  readonly tree: string
  readonly parents: readonly string[]
  readonly message: string
  readonly author: GitPerson
  readonly committer?: GitPerson
}

export interface TreeEntry {
  readonly path: string
  readonly mode: string
  readonly type: string
  readonly sha: string
}

const zeros = '0'.repeat(40)
const commitFormat = '%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x01'

/** A real bare repository in a temporary folder; everything the API says of git is read from it. */
export class BareRepository {
  /** Absolute path of the folder that git's own HTTP server serves; the repository is `NAME.git` in it. */
  readonly root: string
  readonly folder: string

  private constructor(root: string, name: string) {
    this.root = root
    this.folder = join(root, `${name}.git`)
  }

  static async create(name: string): Promise<BareRepository> {
    const repository = new BareRepository(await mkdtemp(join(tmpdir(), 'hawser-github-')), name)
    await run(['init', '-q', '--bare', '--initial-branch=main', repository.folder], { cwd: repository.root })
    const settings =
      '[http]\nreceivepack = true\n[uploadpack]\nallowFilter = true\nallowAnySHA1InWant = true\n'
    await appendFile(join(repository.folder, 'config'), settings)
    await repository.lock([])
    // A locked reference belongs to an immutable release, or to a branch that only pull requests change.
    const hook = '#!/bin/sh\nif grep -qxF "$1" locked; then echo "$1 is protected" >&2; exit 1; fi\n'
    await writeFile(join(repository.folder, 'hooks', 'update'), hook, { mode: 0o755 })
    return repository
  }

  /** References that a push cannot change. */
  async lock(references: readonly string[]): Promise<void> {
    await writeFile(join(this.folder, 'locked'), references.map((name) => `${name}\n`).join(''))
  }

  git(args: readonly string[], more: RunOptions = {}): Promise<string> {
    return run(args, { cwd: this.folder, ...more })
  }

  /** The id of what is named, peeled to a type. */
  async resolve(revision: string, type = 'commit'): Promise<string | undefined> {
    const found = await this.git(['rev-parse', '--verify', '-q', `${revision}^{${type}}`], {
      answers: [1, 128],
    })
    return found === '' ? undefined : found
  }

  /** Full names and what they point to; a tag object is not peeled. */
  async references(): Promise<ReadonlyMap<string, { readonly id: string; readonly type: string }>> {
    const text = await this.git(['for-each-ref', '--format=%(refname) %(objectname) %(objecttype)'])
    const lines = text === '' ? [] : text.split('\n')
    return new Map(
      lines.map((line) => {
        const [name = '', id = '', type = ''] = line.split(' ')
        return [name, { id, type }]
      }),
    )
  }

  /** `before`: what it must point to now; zeros for nothing. False when it does not. */
  async setReference(name: string, id: string, before?: string): Promise<boolean> {
    const args = ['update-ref', name, id, ...(before === undefined ? [] : [before])]
    const { status } = await runRaw(args, { cwd: this.folder })
    return status === 0
  }

  createReference(name: string, id: string): Promise<boolean> {
    return this.setReference(name, id, zeros)
  }

  async deleteReference(name: string): Promise<void> {
    await this.git(['update-ref', '-d', name])
  }

  async commit(id: string): Promise<GitCommit> {
    const [commit] = await this.log(['-1', id])
    if (commit === undefined) throw new Error(`${id} is no commit`)
    return commit
  }

  /** With arguments of `git log`. */
  async log(args: readonly string[]): Promise<readonly GitCommit[]> {
    const text = await this.git(['log', `--format=${commitFormat}`, ...args])
    return text
      .split('\x01')
      .map((entry) => entry.replace(/^\n/, ''))
      .filter((entry) => entry !== '')
      .map(commitOf)
  }

  async isAncestor(ancestor: string, of: string): Promise<boolean> {
    const { status } = await runRaw(['merge-base', '--is-ancestor', ancestor, of], { cwd: this.folder })
    return status === 0
  }

  async writeCommit({ tree, parents, message, author, committer = author }: NewCommit): Promise<string> {
    const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-F', '-']
    return this.git(args, {
      input: Buffer.from(message),
      environment: {
        GIT_AUTHOR_NAME: author.name,
        GIT_AUTHOR_EMAIL: author.email,
        GIT_AUTHOR_DATE: author.date,
        GIT_COMMITTER_NAME: committer.name,
        GIT_COMMITTER_EMAIL: committer.email,
        GIT_COMMITTER_DATE: committer.date,
      },
    })
  }

  /** A file or a folder of a commit. */
  async at(
    commit: string,
    path: string,
  ): Promise<{ readonly id: string; readonly type: string } | undefined> {
    const id = await this.git(['rev-parse', '--verify', '-q', `${commit}:${path}`], { answers: [1, 128] })
    return id === '' ? undefined : { id, type: await this.git(['cat-file', '-t', id]) }
  }

  async readFile(commit: string, path: string): Promise<Buffer | undefined> {
    const { status, stdout } = await runRaw(['cat-file', 'blob', `${commit}:${path}`], { cwd: this.folder })
    return status === 0 ? stdout : undefined
  }

  async readBlob(id: string): Promise<Buffer> {
    const { status, stdout, stderr } = await runRaw(['cat-file', 'blob', id], { cwd: this.folder })
    if (status !== 0) throw new Error(`git cat-file blob ${id}: ${stderr.toString()}`)
    return stdout
  }

  writeBlob(content: Buffer): Promise<string> {
    return this.git(['hash-object', '-w', '--stdin'], { input: content })
  }

  /** A tree like `base` but for these paths; `sha: undefined` removes one. */
  async writeTree(
    base: string | undefined,
    changes: readonly { readonly path: string; readonly mode?: string; readonly sha: string | undefined }[],
  ): Promise<string> {
    const environment = { GIT_INDEX_FILE: join(this.root, `index-${process.hrtime.bigint()}`) }
    await this.git(base === undefined ? ['read-tree', '--empty'] : ['read-tree', base], { environment })
    const lines = changes.map(({ path, mode = '100644', sha }) =>
      sha === undefined ? `0 ${zeros}\t${path}` : `${mode} ${sha}\t${path}`,
    )
    const input = Buffer.from(lines.map((line) => `${line}\n`).join(''))
    await this.git(['update-index', '--index-info'], { environment, input })
    const tree = await this.git(['write-tree'], { environment })
    await rm(environment.GIT_INDEX_FILE, { force: true })
    return tree
  }

  async listTree(id: string, isRecursive: boolean): Promise<readonly TreeEntry[]> {
    const text = await this.git(['ls-tree', '-z', ...(isRecursive ? ['-r', '-t'] : []), id])
    return text
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => {
        const [head = '', path = ''] = line.split('\t')
        const [mode = '', type = '', sha = ''] = head.split(' ')
        return { path, mode, type, sha }
      })
  }

  /** The tree of both together; undefined when they are in conflict. */
  async mergeTree(ours: string, theirs: string): Promise<string | undefined> {
    const { status, stdout } = await runRaw(['merge-tree', '--write-tree', ours, theirs], {
      cwd: this.folder,
    })
    return status === 0 ? stdout.toString().trim() : undefined
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true, maxRetries: 3 })
  }
}

function commitOf(entry: string): GitCommit {
  const [
    id = '',
    tree = '',
    parents = '',
    an = '',
    ae = '',
    ad = '',
    cn = '',
    ce = '',
    cd = '',
    message = '',
  ] = entry.split('\0')
  return {
    id,
    tree,
    parents: parents === '' ? [] : parents.split(' '),
    author: { name: an, email: ae, date: ad },
    committer: { name: cn, email: ce, date: cd },
    message: message.replace(/\n+$/, ''),
  }
}

interface RunOptions {
  readonly cwd?: string
  readonly input?: Buffer
  readonly environment?: { readonly [name: string]: string }
  /** Exit codes that are answers, beside 0. */
  readonly answers?: readonly number[]
}

async function run(args: readonly string[], options: RunOptions): Promise<string> {
  const { status, stdout, stderr } = await runRaw(args, options)
  if (status !== 0 && options.answers?.includes(status) !== true)
    throw new Error(`git ${args.join(' ')} ended with ${status}: ${stderr.toString()}`)
  return stdout.toString().replace(/\n$/, '')
}

function runRaw(
  args: readonly string[],
  { cwd, input, environment = {} }: RunOptions,
): Promise<{ readonly status: number; readonly stdout: Buffer; readonly stderr: Buffer }> {
  return new Promise((resolve, reject) => {
    const env = {
      PATH: process.env['PATH'],
      LC_ALL: 'C.UTF-8',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      ...environment,
    }
    const child = spawn('git', args, { cwd, env, stdio: 'pipe' })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.once('error', reject)
    child.once('close', (code) =>
      resolve({ status: code ?? 128, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }),
    )
  })
}
