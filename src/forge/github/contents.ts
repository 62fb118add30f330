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

function text(path: string, base64: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, 'base64'))
  } catch {
    throw new UserError('CONTENTS_NOT_TEXT', `The file "${path}" at GitHub is no UTF-8 text.`, {
      hint: 'Only text files can be read and proposed.',
    })
  }
}
