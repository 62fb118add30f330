import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { UserError } from '../errors.ts'
import { codeOf } from '../lib/atomic-file.ts'
import type { ConfigKinds } from './kinds.ts'
import { type ParsedConfig, parseConfig } from './parse-config.ts'
import { lookIn } from './project-files.ts'
import { configKinds } from './providers.ts'
import type { ReferenceInput } from './references.ts'

/**
 * Where the file is and what its references stand for. Without a version the file is only checked: a placeholder
 * stands for the version, and first values for inputs without a default.
 */
export type LoadOptions = Partial<ReferenceInput> & {
  readonly kinds?: ConfigKinds
} & (
    | { readonly path: string }
    /** `root`: the folder of the files that the text names; without it they are not looked for. */
    | { readonly text: Uint8Array | string; readonly root?: string; readonly file?: string }
  )

/** `hawser.yaml` → Config, or all findings. Throws only when the file cannot be read at all. */
export async function loadConfig(options: LoadOptions): Promise<ParsedConfig> {
  const { kinds = configKinds, ...rest } = options
  if ('text' in rest) {
    const { root, file = 'hawser.yaml', ...input } = rest
    return parseConfig(kinds, { ...input, file, ...(root === undefined ? {} : { look: lookIn(root) }) })
  }
  const { path, ...input } = rest
  const text = await readText(path)
  return parseConfig(kinds, { ...input, text, file: basename(path), look: lookIn(dirname(path)) })
}

async function readText(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      throw new UserError('CONFIG_NOT_FOUND', `There is no "${basename(path)}" in this project.`, {
        hint: 'Run "hawser init" to have one written.',
        cause: error,
      })
    }
    throw new UserError('CONFIG_UNREADABLE', `"${basename(path)}" cannot be read.`, {
      hint: 'Check that it is a file and that you may read it.',
      cause: error,
    })
  }
}
