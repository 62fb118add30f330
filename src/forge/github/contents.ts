import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { Connection } from './connection.ts'

/** Undefined when the commit has no such file; a folder is none. */
export async function readContents(
  path: string,
  commit: string,
  connection: Connection,
): Promise<string | undefined> {
  const shape = z.union([
    z.array(z.unknown()).transform(() => undefined),
    z.object({
      type: z.string(),
      encoding: z.string().optional(),
      content: z.string().optional(),
      sha: z.string(),
    }),
  ])
  const found = await connection.find(`reading "${path}"`, shape, (github) =>
    github.request('GET /repos/{owner}/{repo}/contents/{path}', {
      ...connection.repository,
      path,
      ref: commit,
    }),
  )
  if (found === undefined || found.type !== 'file') return undefined
  if (found.encoding === 'base64' && found.content !== undefined) return text(path, found.content)
  // Files above 1 MB come without their bytes.
  const blob = await connection.read(`reading "${path}"`, z.object({ content: z.string() }), (github) =>
    github.request('GET /repos/{owner}/{repo}/git/blobs/{file_sha}', {
      ...connection.repository,
      file_sha: found.sha,
    }),
  )
  return text(path, blob.content)
}

const treeShape = z.object({
  truncated: z.boolean(),
  tree: z.array(z.object({ path: z.string(), mode: z.string(), type: z.string(), sha: z.string() })),
})

/** All regular files of a commit; undefined when there is no such commit. */
export async function listContents(
  commit: string,
  connection: Connection,
): Promise<readonly string[] | undefined> {
  const whole = await treeOf(commit, true, connection)
  if (whole === undefined) return undefined
  return whole.truncated ? listFolder('', commit, connection) : filesIn(whole, '')
}

/** Where there are too many for one answer: each folder on its own. */
async function listFolder(prefix: string, sha: string, connection: Connection): Promise<readonly string[]> {
  const folder = await treeOf(sha, false, connection)
  if (folder === undefined) throw new Error(`The folder "${prefix}" vanished from a commit`)
  const files: string[] = [...filesIn(folder, prefix)]
  for (const { path, type, sha: below } of folder.tree) {
    if (type === 'tree') files.push(...(await listFolder(`${prefix}${path}/`, below, connection)))
  }
  return files
}

const treeOf = (sha: string, isRecursive: boolean, connection: Connection) =>
  connection.find('listing files', treeShape, (github) =>
    github.request('GET /repos/{owner}/{repo}/git/trees/{tree_sha}', {
      ...connection.repository,
      tree_sha: sha,
      ...(isRecursive && { recursive: '1' }),
    }),
  )

const filesIn = ({ tree }: z.output<typeof treeShape>, prefix: string): readonly string[] =>
  tree.flatMap(({ path, mode }) => (/^100(?:644|755)$/.test(mode) ? [prefix + path] : []))

function text(path: string, base64: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, 'base64'))
  } catch {
    throw new UserError('CONTENTS_NOT_TEXT', `The file "${path}" at GitHub is no UTF-8 text.`, {
      hint: 'Only text files can be read and proposed.',
    })
  }
}
