import { readFile, realpath } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { codeOf, fileSystemError } from '../../lib/atomic-file.ts'
import type { Environment } from '../../lib/child.ts'

/** npm's settings by their names in .npmrc, such as `registry` or `//host/:_authToken`. May hold secrets. */
export type NpmSettings = ReadonlyMap<string, string>

/** As npm reads them: environment before project before user before global. */
export async function readNpmSettings(root: string, environment: Environment): Promise<NpmSettings> {
  const fromEnvironment = environmentSettings(environment)
  const user = fromEnvironment.get('userconfig') ?? join(environment['HOME'] ?? '/', '.npmrc')
  const global = fromEnvironment.get('globalconfig') ?? (await globalPath(fromEnvironment, environment))
  const files: Map<string, string>[] = []
  for (const path of [global, user, join(root, '.npmrc')]) {
    if (path !== undefined) files.push(parseNpmrc(await readIfThere(resolve(root, path)), environment))
  }
  return new Map([...files, fromEnvironment].flatMap((settings) => [...settings]))
}

/** `npm_config_cache_max` → `cache-max`; names that begin with `//` are addresses and stay as they are. */
function environmentSettings(environment: Environment): Map<string, string> {
  const settings = new Map<string, string>()
  for (const [variable, value] of Object.entries(environment)) {
    const name = /^npm_config_(.+)$/i.exec(variable)?.[1]
    if (name === undefined || value === undefined || value === '') continue
    const key = name.startsWith('//') ? name : name.replaceAll(/(?!^)_/g, '-').toLowerCase()
    settings.set(key, value)
  }
  return settings
}

/** Beside the node that runs npm: PREFIX/bin/node → PREFIX/etc/npmrc. */
async function globalPath(
  settings: Map<string, string>,
  environment: Environment,
): Promise<string | undefined> {
  const prefix = settings.get('prefix') ?? environment['PREFIX'] ?? (await nodePrefix(environment))
  return prefix === undefined ? undefined : join(prefix, 'etc', 'npmrc')
}

async function nodePrefix({ PATH = '' }: Environment): Promise<string | undefined> {
  for (const folder of PATH.split(delimiter)) {
    // A node that a project brought as a dependency has no settings of its own.
    if (folder === '' || folder.includes('node_modules')) continue
    try {
      return dirname(dirname(await realpath(join(folder, 'node'))))
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(codeOf(error) ?? '')) throw error
    }
  }
  return undefined
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return ''
    throw fileSystemError(error, "read npm's settings", path)
  }
}

/** The part of ini that npm writes: `key = value`, quotes, `;` and `#` comments, `${VARIABLE}`. */
export function parseNpmrc(text: string, environment: Environment): Map<string, string> {
  const settings = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^\s*([^;#[=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (key === undefined || value === undefined) continue
    settings.set(expand(unquote(key), environment), expand(unquote(value), environment))
  }
  return settings
}

const unquote = (text: string): string => /^(["'])(.*)\1$/.exec(text)?.[2] ?? text

/** npm leaves unknown variables as they are, and makes nothing of those written with `?`. */
function expand(text: string, environment: Environment): string {
  return text.replaceAll(/\$\{([^}?]+)(\?)?\}/g, (written: string, name: string, optional?: string) => {
    return environment[name] ?? (optional === undefined ? written : '')
  })
}
