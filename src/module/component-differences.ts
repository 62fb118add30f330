import { isDeepStrictEqual } from 'node:util'
import { Refusal } from '../errors.ts'
import type { Json } from '../lib/json.ts'
import type { ComponentDescriptor, ComponentResource } from './component-descriptor.ts'
import { sortedMembers } from './yaml-text.ts'

const linesMax = 20
const valueLengthMax = 80

/**
 * What makes two descriptors different components, one line each: `path: before → after`. Empty when a version can be
 * used again. Where a component is stored does not count: a copy in another registry is the same component.
 */
export function componentDifferences(
  before: ComponentDescriptor,
  after: ComponentDescriptor,
): readonly string[] {
  return differences(comparable(before), comparable(after), '')
}

/** Throws a Refusal that shows what differs; `where` is the reference in the registry. */
export function refuseOtherContent(
  there: ComponentDescriptor,
  built: ComponentDescriptor,
  where: string,
): void {
  const lines = componentDifferences(there, built)
  if (lines.length === 0) return
  const rest = lines.length > linesMax ? `\n… and ${lines.length - linesMax} more` : ''
  throw new Refusal(
    'MODULE_VERSION_TAKEN',
    `${where} is there with other content:\n${lines.slice(0, linesMax).join('\n')}${rest}`,
    { hint: 'Release another version, or delete the old one first if nobody uses it.' },
  )
}

/** Signatures come later, and contexts and global accesses say where a copy is. */
function comparable(descriptor: ComponentDescriptor): Json {
  const { repositoryContexts: _contexts, ...component } = descriptor.component
  const resources = component.resources.map(({ digest: _digest, ...resource }) => {
    const { globalAccess: _global, ...access } = resource.access
    return { ...resource, access }
  })
  return sortedMembers({
    ...component,
    provider: parsedProvider(component.provider),
    resources: byIdentity(resources),
  })
}

/** Lists become maps, so that a line names the resource and not its place; with the version where a name is not enough. */
function byIdentity(resources: readonly Pick<ComponentResource, 'name' | 'version' | 'extraIdentity'>[]): {
  readonly [identity: string]: unknown
} {
  const named = resources.map((resource) => {
    const { name, extraIdentity } = resource
    return { resource, key: extraIdentity === undefined ? name : `${name} ${JSON.stringify(extraIdentity)}` }
  })
  const isTwice = (key: string) => named.filter((one) => one.key === key).length > 1
  return Object.fromEntries(
    named.map(({ resource, key }) => [isTwice(key) ? `${key} ${resource.version}` : key, resource]),
  )
}

function parsedProvider(provider: string): Json {
  try {
    return JSON.parse(provider) as Json
  } catch {
    // A provider is a name or JSON; both are data here.
    return provider
  }
}

function differences(before: Json | undefined, after: Json | undefined, path: string): readonly string[] {
  if (isDeepStrictEqual(before, after)) return []
  if (isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return names.flatMap((name) =>
      differences(member(before, name), member(after, name), path === '' ? name : `${path}.${name}`),
    )
  }
  return [`${path}: ${shown(before)} → ${shown(after)}`]
}

const isContainer = (value: Json | undefined): value is { readonly [key: string]: Json } | readonly Json[] =>
  typeof value === 'object' && value !== null
const member = (value: object, name: string): Json | undefined =>
  (value as { readonly [key: string]: Json | undefined })[name]

function shown(value: Json | undefined): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > valueLengthMax ? `${text.slice(0, valueLengthMax)}…` : text
}
