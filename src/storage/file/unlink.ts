import { unlink } from 'node:fs/promises'
import { isAbsence } from './file-errors.ts'

export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (!isAbsence(error)) throw error
  }
}
