import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { codeOf, fileSystemError } from '../../lib/atomic-file.ts'

/** Which run of the workflow belongs to the job. */
const runNote = z.object({ id: z.string() })

export async function readNote(path: string): Promise<z.output<typeof runNote> | undefined> {
  try {
    return runNote.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw fileSystemError(error, 'read', path)
  }
}
