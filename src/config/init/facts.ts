import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { codeOf } from '../../lib/atomic-file.ts'
import type { Json } from '../../lib/json.ts'

/** What one place in the project says, already in the words of hawser.yaml. */
export interface Facts {
  readonly project?: string
  /** Fields of the package. */
  readonly fields?: PackageFields
  /** How tags are written, e.g. `v${version}`. */
  readonly tag?: string
  /** For people: what was found and what could not be taken over. */
  readonly notes?: readonly string[]
}

export type PackageFields = { readonly [field: string]: Json }

/** Reads facts from one kind of file; empty when it is not there. */
export type FactReader = (project: ProjectFolder) => Promise<Facts>

export interface ProjectFolder {
  readonly root: string
  readonly environment: { readonly [name: string]: string | undefined }
}

const sizeBytesMax = 1 << 20

/** The text of a file of the project; undefined when it is not there or no text that a person wrote. */
export async function readText({ root }: ProjectFolder, path: string): Promise<string | undefined> {
  try {
    const file = join(root, path)
    const found = await lstat(file)
    if (!found.isFile() || found.size > sizeBytesMax) return undefined
    return await readFile(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw new UserError('INIT_UNREADABLE', `"${path}" cannot be read.`, {
      hint: 'Check its permissions, then run "hawser init" again.',
      cause: error,
    })
  }
}

/** Only members that say something. */
export function fieldsOf(members: { readonly [field: string]: Json | undefined }): PackageFields {
  const said = Object.entries(members).filter(
    ([, value]) => value !== undefined && value !== '' && !isEmpty(value),
  )
  return Object.fromEntries(said) as PackageFields // undefined was filtered out
}

const isEmpty = (value: Json | undefined): boolean =>
  value !== null && typeof value === 'object' && Object.keys(value).length === 0

export const textIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined

/** The first line without a final full stop. */
export const summaryFrom = (text: string | undefined): string | undefined =>
  text
    ?.trim()
    .split(/\r?\n/)[0]
    ?.trim()
    .slice(0, 80)
    .replace(/\.$/, '')
    .replaceAll('${', () => '$${')
