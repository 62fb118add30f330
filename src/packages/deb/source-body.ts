import { createHash } from 'node:crypto'
import type { ByteStream } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'
import { readInPlace } from './files.ts'

interface SourceFile {
  readonly path: string
  readonly source: string
  readonly digest: string
}

/** The bytes of a declared file; throws at their end when they are not the declared ones any more. */
export async function* sourceBody({ path, source, digest }: SourceFile): ByteStream {
  const hash = createHash('sha256')
  try {
    for await (const piece of readInPlace(source)) {
      hash.update(piece)
      yield piece
    }
  } catch (error) {
    throw unreadable(path, source, error)
  }
  if (`sha256:${hash.digest('hex')}` === digest) return
  throw new UserError(
    'SOURCE_CHANGED',
    `The file "${source}" for ${path} has changed since the release was planned.`,
    {
      hint: 'Start again when nothing else writes to the file.',
    },
  )
}

function unreadable(path: string, source: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error
  const reason = reasons[String(error.code)] ?? error.message
  return new UserError('SOURCE_UNREADABLE', `The file "${source}" for ${path} cannot be read: ${reason}.`, {
    hint: 'Check that it is there and that you may read it.',
    cause: error,
  })
}

const reasons: { readonly [code: string]: string } = {
  ENOENT: 'there is no such file',
  EACCES: 'permission is denied',
  EISDIR: 'it is a folder',
}
