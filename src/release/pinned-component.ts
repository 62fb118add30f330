import { readFile } from 'node:fs/promises'
import { readYaml } from '../config/read-yaml.ts'
import { keysAt, textAt, type Written, writtenAt } from '../config/written.ts'
import { UserError } from '../errors.ts'
import { closest } from '../lib/closest.ts'
import { invalidConfig } from './load-project-config.ts'
import { configName, type Project } from './project.ts'

/** A component as hawser.yaml pins it, before any reference is replaced. */
export interface PinnedComponent {
  /** The file as it was read, byte order mark included. */
  readonly text: string
  readonly version: string
  /** Whether the version of each release is made of it. */
  readonly isReleased: boolean
  /** Names of the sources that speak of its version. */
  readonly sources: readonly string[]
}

export async function readPinnedComponent({ configPath }: Project, name: string): Promise<PinnedComponent> {
  const bytes = await readFile(configPath)
  const { root, findings } = readYaml(bytes, configName)
  if (root === undefined) throw invalidConfig(findings)
  const version = textAt(root, ['components', name, 'version'])
  if (version === undefined) throw unknownComponent(name, keysAt(root, ['components']))
  return {
    text: bytes.toString(),
    version,
    isReleased: textAt(root, ['version', 'component']) === name,
    sources: keysAt(root, ['sources']).filter((source) =>
      mentions(writtenAt(root, ['sources', source]), name),
    ),
  }
}

function mentions(written: Written | undefined, component: string): boolean {
  if (written === undefined) return false
  if (written.kind === 'scalar') return componentsIn(written.text).includes(component)
  if (written.kind === 'list') return written.items.some((item) => mentions(item, component))
  return [...written.members.values()].some(({ value }) => mentions(value, component))
}

const componentsIn = (text: string): readonly (string | undefined)[] =>
  [...text.matchAll(/\$\{\s*components\.([^}]+)\.version\s*\}/g)].map(([, name]) => name)

function unknownComponent(name: string, known: readonly string[]): UserError {
  const near = closest(name, known)
  const list = known.length === 0 ? 'It pins none.' : `It pins ${known.join(', ')}.`
  return new UserError('COMPONENT_UNKNOWN', `${configName} pins no component "${name}".`, {
    hint: near === undefined ? list : `Did you mean "${near}"?`,
  })
}
