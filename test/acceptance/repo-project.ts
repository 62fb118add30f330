import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDebs } from '../../bench/repositories/debs.ts'
import { makeRpms } from '../../bench/repositories/rpms.ts'
import type { Ended } from './hawser.ts'
import { commit, emptyProject, keyPath, newKey, type TestProject } from './project.ts'

export interface RepositoryProject extends TestProject {
  /** Three packages each, as paths that the CLI is given. */
  readonly debs: readonly string[]
  readonly rpms: readonly string[]
  /** Below a folder beside the checkout. */
  outside(...parts: readonly string[]): string
  published(...parts: readonly string[]): string
  repo(...args: readonly string[]): Promise<Ended>
}

/** `name: format`, and what else stands there. */
export interface Declared {
  readonly [name: string]: {
    readonly format?: 'apt' | 'dnf'
    readonly path?: string
    readonly key?: string
  }
}

const text: Record<'apt' | 'dnf', string> = {
  apt: 'apt: { suite: stable, origin: Hello }',
  dnf: 'dnf: { unsignedPackages: allow }',
}

/** A project that declares repositories and builds nothing: packages are files that somebody else made. */
export async function repositoryProject(declared: Declared): Promise<RepositoryProject> {
  const project = await emptyProject({})
  const outside = (...parts: readonly string[]) => join(project.root, '..', ...parts)
  const keys = [...new Set(['release', ...Object.values(declared).flatMap(({ key }) => key ?? [])])]
  const lines = Object.entries(declared).map(
    ([name, { format = 'apt', path = name, key = 'release' }]) => `  ${name}:
    ${text[format]}
    storage: { file: { path: repositories/${path} } }
    url: https://packages.example.org/${name}
    keys: [${key}]
`,
  )
  await project.write(
    'hawser.yaml',
    `project: hello
keys:
${keys.map((key) => `  ${key}: { openpgp: { key: 'file:.hawser/keys/${key}.asc' } }\n`).join('')}repositories:
${lines.join('')}`,
  )
  await project.write('.gitignore', '/.hawser/\n/repositories/\n')
  await project.write(keyPath, await newKey())
  await commit(project, 'Declare repositories')
  await mkdir(outside('none'))
  makeDebs(outside('debs'), 0, 3)
  await makeRpms(outside('rpms'), 0, 3)
  const filesIn = async (folder: string, extension: string) =>
    (await readdir(outside(folder)))
      .filter((name) => name.endsWith(extension))
      .toSorted()
      .map((name) => join('..', folder, name))
  return {
    ...project,
    debs: await filesIn('debs', '.deb'),
    rpms: await filesIn('rpms', '.rpm'),
    outside,
    published: (...parts) => join(project.root, 'repositories', ...parts),
    repo: (...args) => project.hawser(['repo', ...args]),
  }
}

/** The same package with another time in its first header: other bytes under the same name, version and architecture. */
export async function otherBytes(deb: string, to: string): Promise<void> {
  const bytes = await readFile(deb)
  bytes.write('1', '!<arch>\n'.length + 16, 'latin1')
  await writeFile(to, bytes)
}
