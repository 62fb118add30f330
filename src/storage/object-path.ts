import { UserError } from '../errors.ts'

/** Refuses what no storage may be asked for; kinds add their own limits. */
export function checkObjectPath(path: string): void {
  const problem = problemOf(path)
  if (problem === undefined) return
  throw new UserError('STORAGE_PATH', `The path ${JSON.stringify(path)} cannot be stored: ${problem}.`, {
    hint: 'Paths in a storage are relative, separated by "/", without "." or ".." and without empty parts.',
  })
}

function problemOf(path: string): string | undefined {
  if (path === '') return 'it is empty'
  if (path.startsWith('/')) return 'it is absolute'
  if (Buffer.byteLength(path) > 1024) return 'it is longer than 1024 bytes'
  if (path.includes('\\')) return 'it contains a backslash'
  if (hasControlCharacter(path)) return 'it contains a control character'
  if (!path.isWellFormed()) return 'it is not valid Unicode'
  for (const part of path.split('/')) {
    if (part === '') return 'it has an empty part'
    if (part === '.' || part === '..') return `it contains "${part}"`
  }
  return undefined
}

function hasControlCharacter(path: string): boolean {
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}
