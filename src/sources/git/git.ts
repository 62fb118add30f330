import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ownerName } from '../../artifacts/scratch.ts'
import { UserError } from '../../errors.ts'
import { fileSystemError, removeQuietly } from '../../lib/atomic-file.ts'
import type { GitOptions } from '../../lib/git.ts'
import type { Provider } from '../../provider.ts'
import type { FetchedSource, Source, SourceContext, SourceFile } from '../source.ts'
import { fetchPinned, peekPinned } from '../source-record.ts'
import { fileMode, linkFile, sourceTree } from '../tree.ts'
import { fetchCommit, type WantedCommit } from './git-fetch.ts'
import { gitlink, listSubmodules } from './git-submodules.ts'
import { type GitEntry, listTree, readBlobs } from './git-tree.ts'
import { parseGitUrl } from './git-url.ts'
import { newGitPin } from './new-pin.ts'

const options = z.object({
  repository: z
    .string()
    .refine((text) => parseGitUrl(text, '/') !== undefined, {
      error:
        'Write an https address without credentials, an ssh address, "git@host:path", or the path of a local repository.',
    })
    .describe('Where the repository is: https, ssh, or a path relative to the project.'),
  commit: z
    .string({
      error: 'Pin the commit: write all its hex digits, as "git rev-parse TAG^{commit}" prints them.',
    })
    .regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, {
      error: 'Write all 40 (or 64) lower-case hex digits of the commit.',
    })
    .describe('Full commit; a tag or branch may move, a commit cannot.'),
  tag: z
    .string()
    .regex(/^(?!.*(\.\.|@\{|\/\/|\.lock$|\/$))[A-Za-z0-9_][\w./+@-]*$/, { error: 'Write the name of a tag.' })
    .exactOptional()
    .describe('Tag that must point to the commit; the fetch fails when it was moved.'),
  submodules: z
    .boolean()
    .default(false)
    .describe('Fetch submodules too. Without it their folders are left out.'),
})

export type GitSourceOptions = z.output<typeof options>

export const git: Provider<Source, typeof options, SourceContext> = {
  name: 'git',
  describe: 'The files of one commit of a git repository.',
  options,
  example: {
    repository: 'https://example.com/hello.git',
    commit: '7d1b31e74ee336d15cbd21741bc88a537ed063a0',
    tag: 'v1.0.0',
  },
  create: (written, context) => {
    const pin = `git:${written.commit}${written.submodules ? ' with submodules' : ''}`
    return {
      describe: `git ${written.repository} at ${written.tag ?? written.commit.slice(0, 12)}`,
      pin,
      peek: (signal) => peekPinned(pin, context, signal),
      fetch: (signal) => fetchPinned(pin, context, signal, () => fetchTree(written, context, signal)),
      newPin: ({ signal }) => newGitPin(written, context, signal),
    }
  },
}

async function fetchTree(
  written: GitSourceOptions,
  context: SourceContext,
  signal: AbortSignal,
): Promise<FetchedSource> {
  const url = parseGitUrl(written.repository, context.root)
  if (url === undefined) throw new Error(`The address "${written.repository}" was not checked by its schema`)
  const files = await fetchFiles({ ...written, url, depth: 0 }, context, signal)
  return sourceTree(files, `The repository ${written.repository}`)
}

interface Wanted extends WantedCommit {
  readonly submodules: boolean
  /** How many submodules we are in. */
  readonly depth: number
}

async function fetchFiles(
  wanted: Wanted,
  context: SourceContext,
  signal: AbortSignal,
): Promise<SourceFile[]> {
  if (wanted.depth > depthMax) throw tooDeep(wanted.url.url)
  const folder = join(await context.store.scratch('temporary'), ownerName())
  try {
    await mkdir(folder)
    const git = { cwd: folder, environment: context.environment, signal }
    await fetchCommit(wanted, git, context)
    const entries = await listTree(wanted.commit, git)
    const files = await storeFiles(entries, git, context)
    for (const submodule of wanted.submodules ? await listSubmodules(entries, wanted, git) : []) {
      const nested = { ...submodule, submodules: true, depth: wanted.depth + 1 }
      for (const file of await fetchFiles(nested, context, signal)) {
        files.push({ ...file, path: `${submodule.path}/${file.path}` })
      }
    }
    return files
  } catch (error) {
    throw fileSystemError(error, 'write', folder)
  } finally {
    await removeQuietly(folder)
  }
}

const depthMax = 10

function tooDeep(repository: string): UserError {
  return new UserError(
    'SOURCE_GIT_SUBMODULE',
    `Submodules lead to ${repository} more than ${depthMax} deep.`,
    {
      hint: 'Two repositories may hold each other. Leave submodules out with "submodules: false".',
    },
  )
}

async function storeFiles(
  entries: readonly GitEntry[],
  git: GitOptions,
  { store }: SourceContext,
): Promise<SourceFile[]> {
  const isStored = ({ mode }: GitEntry) => mode !== gitlink
  const paths = Map.groupBy(entries.filter(isStored), ({ object }) => object)
  const files: SourceFile[] = []
  for await (const { object, bytes } of readBlobs(entries.filter(isStored), git)) {
    const blob = await store.add(oneChunk(bytes), { durable: false })
    for (const { path, mode } of paths.get(object) ?? []) {
      if (mode === '120000') files.push(linkFile(path, Buffer.from(bytes).toString()))
      else files.push({ path, mode: fileMode(mode === '100755'), ...blob })
    }
  }
  return files
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
