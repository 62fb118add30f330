import { UserError } from '../../errors.ts'
import { type GitOptions, runGit } from '../../lib/git.ts'

export interface GitEntry {
  readonly path: string
  /** As git writes it: 100644, 100755, 120000 (link), 160000 (submodule). */
  readonly mode: string
  readonly object: string
  readonly sizeBytes: number
}

/** Every file of a commit, in git's own order. Nothing is checked out, so no filter, attribute or hook has a say. */
export async function listTree(commit: string, options: GitOptions): Promise<GitEntry[]> {
  const { stdout } = await runGit(['ls-tree', '-r', '-z', '-l', '--full-tree', commit], options)
  const text = Buffer.from(stdout).toString()
  return text
    .split('\0')
    .filter((line) => line !== '')
    .map(parseLine)
}

function parseLine(line: string): GitEntry {
  const [, mode, object, size, path] = /^(\d{6}) \w+ ([0-9a-f]+) +(\d+|-)\t(.*)$/s.exec(line) ?? []
  if (mode === undefined || object === undefined || size === undefined || path === undefined) {
    throw new Error(`git ls-tree printed a line that is not in its format: ${JSON.stringify(line)}`)
  }
  if (path.includes('\uFFFD')) {
    throw new UserError(
      'SOURCE_UNSAFE_PATH',
      `The repository has a file name that is not UTF-8: "${path}".`,
      {
        hint: 'Rename it in the repository.',
      },
    )
  }
  return { path, mode, object, sizeBytes: size === '-' ? 0 : Number(size) }
}

/** Objects per call: few processes for many small files, and bounded memory. */
const batchBytesMax = 32 << 20
const blobBytesMax = 1 << 30

/** Contents by object, batch after batch. Each object once, however many paths have it. */
export async function* readBlobs(
  entries: readonly GitEntry[],
  options: GitOptions,
): AsyncGenerator<{ object: string; bytes: Uint8Array }> {
  for (const batch of batches(entries)) {
    const { stdout } = await runGit(['cat-file', '--batch'], {
      ...options,
      input: batch.map(({ object }) => `${object}\n`).join(''),
      outputBytesMax: batchBytesMax + blobBytesMax,
    })
    yield* parseBatch(stdout, batch)
  }
}

function* batches(entries: readonly GitEntry[]): Generator<GitEntry[]> {
  const unique = new Map(entries.map((entry) => [entry.object, entry])).values()
  let batch: GitEntry[] = []
  let sizeBytes = 0
  for (const entry of unique) {
    if (entry.sizeBytes > blobBytesMax) throw tooLarge(entry)
    if (batch.length > 0 && sizeBytes + entry.sizeBytes > batchBytesMax) {
      yield batch
      batch = []
      sizeBytes = 0
    }
    batch.push(entry)
    sizeBytes += entry.sizeBytes
  }
  if (batch.length > 0) yield batch
}

/** git-cat-file(1), batch output: `OBJECT blob SIZE`, newline, bytes, newline. */
function* parseBatch(
  output: Uint8Array,
  batch: readonly GitEntry[],
): Generator<{ object: string; bytes: Uint8Array }> {
  let offset = 0
  for (const { object, sizeBytes } of batch) {
    const header = `${object} blob ${sizeBytes}\n`
    const found = Buffer.from(output.subarray(offset, offset + header.length)).toString('latin1')
    if (found !== header) throw new Error(`git cat-file answered ${JSON.stringify(found)} for ${object}`)
    offset += header.length
    yield { object, bytes: output.subarray(offset, offset + sizeBytes) }
    offset += sizeBytes + 1
  }
}

function tooLarge({ path, sizeBytes }: GitEntry): UserError {
  return new UserError('SOURCE_TOO_LARGE', `The file "${path}" in the repository has ${sizeBytes} bytes.`, {
    hint: `Files of up to ${blobBytesMax} bytes are read from git. Publish larger ones as a download.`,
  })
}
