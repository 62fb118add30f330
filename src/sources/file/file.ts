import { lstat, readdir, readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join, posix, relative, resolve, sep } from 'node:path'
import picomatch from 'picomatch'
import { z } from 'zod'
import type { StoredBlob } from '../../artifacts/blob-file.ts'
import { UserError } from '../../errors.ts'
import { codeOf, fileSystemError } from '../../lib/atomic-file.ts'
import { digestOfFile } from '../../lib/digest.ts'
import { mapLimited } from '../../lib/limit.ts'
import type { Provider } from '../../provider.ts'
import type { FetchedSource, Source, SourceContext, SourceFile } from '../source.ts'
import { fileMode, linkFile, sourceTree } from '../tree.ts'

const options = z.object({
  path: z
    .string()
    .min(1, { error: 'Name a file, a folder or a glob; "." is the whole project.' })
    .describe('File, folder or glob, relative to the project, for example "build/*.so".'),
  exclude: z
    .array(z.string())
    .default([])
    .describe('Globs of files to leave out, relative to the folder or to the fixed part of the glob.'),
})

export const file: Provider<Source, typeof options, SourceContext> = {
  name: 'file',
  describe: 'A file, a folder or a glob in the project.',
  options,
  example: { path: 'build/hello' },
  create: (written, context) => ({
    describe: `file ${written.path}`,
    pin: undefined,
    // What is in the project is at hand; its bytes are only put into the store by fetching.
    peek: (signal) => readFiles(written, context.root, signal, digestOnly),
    fetch: (signal) => {
      const keep: Keep = (path) => context.store.add(path, { durable: false })
      return readFiles(written, context.root, signal, keep)
    },
  }),
}

type Keep = (path: string) => Promise<StoredBlob>

const digestOnly: Keep = digestOfFile

async function readFiles(
  written: z.output<typeof options>,
  projectRoot: string,
  signal: AbortSignal,
  keep: Keep,
): Promise<FetchedSource> {
  const root = await realpath(projectRoot)
  const chosen = await choose(written.path, root)
  if (chosen.kind === 'file') return single(chosen.path, keep)
  const paths = (await walk(chosen.folder, signal)).filter(
    (path) =>
      chosen.isMatch(path) && !written.exclude.some((glob) => picomatch.isMatch(path, glob, globOptions)),
  )
  if (paths.length === 0) throw nothingFound(written.path)
  const files = await mapLimited(paths, 4, (path) => treeFile(chosen.folder, path, keep), signal)
  return sourceTree(files, `The folder "${relative(root, chosen.folder) || '.'}"`)
}

type Choice =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'tree'; readonly folder: string; isMatch(path: string): boolean }

/** Names that begin with a dot are files like others. */
const globOptions = { dot: true } as const

/** A name that exists is meant as such, also when it looks like a glob. */
async function choose(written: string, root: string): Promise<Choice> {
  const whole = await inside(written, written, root)
  if (whole !== undefined) return whole
  const { base, isGlob, glob } = picomatch.scan(written)
  const folder = isGlob ? await inside(base || '.', written, root) : undefined
  if (folder?.kind !== 'tree') throw nothingFound(written)
  return { ...folder, isMatch: picomatch(glob, globOptions) }
}

/** Undefined when there is nothing. Links are followed only while they stay in the project. */
async function inside(path: string, written: string, root: string): Promise<Choice | undefined> {
  assertInside(resolve(root, path), root, written)
  try {
    const real = await realpath(resolve(root, path))
    assertInside(real, root, written)
    const status = await lstat(real)
    if (status.isDirectory()) return { kind: 'tree', folder: real, isMatch: () => true }
    if (!status.isFile()) throw specialFile(path)
    return { kind: 'file', path: real }
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw fileSystemError(error, 'read', path)
  }
}

function assertInside(path: string, root: string, written: string): void {
  const below = relative(root, path)
  if (below !== '..' && !below.startsWith(`..${sep}`) && resolve(root, below) === path) return
  throw new UserError('SOURCE_OUTSIDE_PROJECT', `The path "${written}" leads out of the project.`, {
    hint: 'A release is made from what the project holds. Copy the file into the project, or pin it as another source.',
  })
}

/** What belongs to git or to Hawser changes with every command, so it is never part of a tree. */
const ownFolders = new Set(['.git', '.hawser'])

/** Relative paths of files and links below the folder; links are not followed. */
async function walk(folder: string, signal: AbortSignal): Promise<string[]> {
  const found: string[] = []
  const pending = ['']
  for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
    signal.throwIfAborted()
    for (const entry of await entriesOf(join(folder, here))) {
      const path = posix.join(here, entry.name)
      if (ownFolders.has(entry.name)) continue
      if (entry.isDirectory()) pending.push(path)
      else found.push(path)
    }
  }
  return found
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    throw fileSystemError(error, 'read the folder', folder)
  }
}

async function single(path: string, keep: Keep): Promise<FetchedSource> {
  const kept = await treeFile(dirname(path), basename(path), keep)
  return { digest: kept.digest, files: [kept] }
}

async function treeFile(folder: string, path: string, keep: Keep): Promise<SourceFile> {
  const absolute = join(folder, path)
  try {
    const status = await lstat(absolute)
    if (status.isSymbolicLink()) return linkFile(path, await readlink(absolute))
    if (!status.isFile()) throw specialFile(path)
    const blob = await keep(absolute)
    return { path, mode: fileMode((status.mode & 0o100) !== 0), ...blob }
  } catch (error) {
    throw fileSystemError(error, 'read', path)
  }
}

function specialFile(path: string): UserError {
  return new UserError('SOURCE_SPECIAL_FILE', `"${path}" is neither a file, a folder nor a symbolic link.`, {
    hint: 'Sockets, pipes and devices cannot be packaged. Remove it, or leave it out with "exclude".',
  })
}

function nothingFound(written: string): UserError {
  return new UserError('SOURCE_NOTHING_FOUND', `Nothing in the project matches "${written}".`, {
    hint: 'Check the spelling, and whether the file is built before: paths are relative to the folder of hawser.yaml.',
  })
}
