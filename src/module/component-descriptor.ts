import { z } from 'zod'
import { UserError } from '../errors.ts'
import type { Json } from '../lib/json.ts'
import { readYamlDocument, sortedMembers, writeYaml } from './yaml-text.ts'

/**
 * Open Component Model, component descriptor v2. JSON as it is written; members that nobody here knows are kept.
 */
export interface ComponentDescriptor {
  readonly meta: { readonly schemaVersion: 'v2' }
  readonly component: Component
  readonly signatures?: readonly ComponentSignature[]
}

export interface Component {
  readonly name: string
  readonly version: string
  /** A name, or JSON of `{name, labels}` in a string. */
  readonly provider: string
  readonly labels?: readonly Label[]
  readonly creationTime?: string
  readonly repositoryContexts: readonly RepositoryContext[]
  readonly sources: readonly ComponentSource[]
  readonly componentReferences: readonly ComponentReference[]
  readonly resources: readonly ComponentResource[]
}

export interface Label {
  readonly name: string
  readonly value: Json
  readonly version?: string
  readonly signing?: boolean
}

export interface RepositoryContext {
  readonly type: string
  readonly baseUrl?: string
  readonly subPath?: string
  readonly componentNameMapping?: string
}

export interface Access {
  readonly type: string
  readonly [member: string]: Json
}

/** Open Component Model: what was hashed, and how. */
export interface DigestSpecification {
  readonly hashAlgorithm: string
  readonly normalisationAlgorithm: string
  readonly value: string
}

interface Element {
  readonly name: string
  readonly version: string
  readonly extraIdentity?: { readonly [attribute: string]: string }
  readonly labels?: readonly Label[]
}

export interface ComponentSource extends Element {
  readonly type: string
  readonly access: Access
}

export interface ComponentResource extends Element {
  readonly type: string
  readonly relation: 'local' | 'external'
  readonly access: Access
  readonly srcRefs?: readonly Json[]
  readonly digest?: DigestSpecification
}

export interface ComponentReference extends Element {
  readonly componentName: string
  readonly digest?: DigestSpecification
}

export interface ComponentSignature {
  readonly name: string
  readonly digest: DigestSpecification
  readonly signature: {
    readonly algorithm: string
    readonly mediaType: string
    readonly value: string
    readonly issuer?: string
  }
}

const namePattern =
  /^[a-z][-a-z0-9]*(?:\.[a-z][-a-z0-9]*)*\.[a-z]{2,}(?:\/[a-z][-a-z0-9_]*(?:\.[a-z][-a-z0-9_]*)*)+$/
const versionPattern =
  /^v?(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){0,2}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/
const elementPattern = /^[a-z0-9](?:[-_+a-z0-9]*[a-z0-9])?$/

export const isComponentName = (text: string): boolean => text.length <= 255 && namePattern.test(text)
/** Semantic versions, also shortened ("1.2") and with a "v" in front. */
export const isComponentVersion = (text: string): boolean => versionPattern.test(text)
export const isElementName = (text: string): boolean => text.length >= 2 && elementPattern.test(text)

/** A layer of the component itself; newer tools write the type with its version. */
export const isLocalBlob = ({ type }: Pick<Access, 'type'>): boolean => /^localblob(?:\/v1)?$/i.test(type)

const json = z.json()
const componentName = z
  .string()
  .refine(isComponentName, 'is no component name; it looks like "example.org/module/name"')
const version = z.string().refine(isComponentVersion, 'is no version such as "1.2.3"')
const elementName = z
  .string()
  .refine(isElementName, 'is no name of two or more lower-case letters, digits, "-", "_" and "+"')
const label = z.looseObject({
  name: z.string(),
  value: json,
  version: z
    .string()
    .regex(/^v[0-9]+$/, 'is not "v" and a number')
    .optional(),
  signing: z.boolean().optional(),
})
const labels = z.array(label).optional()
const access = z.looseObject({ type: z.string().min(1) })
const digest = z.looseObject({
  hashAlgorithm: z.string(),
  normalisationAlgorithm: z.string(),
  value: z.string(),
})
const element = {
  name: elementName,
  version,
  extraIdentity: z.record(elementName, z.string()).optional(),
  labels,
}
/** Go's encoders write null for a list without members. */
const list = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item)
    .nullable()
    .transform((items) => items ?? [])

const descriptorV2 = z.looseObject({
  meta: z.looseObject({ schemaVersion: z.literal('v2') }),
  component: z.looseObject({
    name: componentName,
    version,
    provider: z.string(),
    labels,
    repositoryContexts: list(z.looseObject({ type: z.string() })),
    sources: list(z.looseObject({ ...element, type: z.string(), access })),
    componentReferences: list(z.looseObject({ ...element, componentName, digest: digest.optional() })),
    resources: list(
      z.looseObject({
        ...element,
        type: z.string(),
        relation: z.enum(['local', 'external']),
        access,
        digest: digest.nullish().transform((found) => found ?? undefined),
      }),
    ),
  }),
  signatures: z
    .array(
      z.looseObject({
        name: z.string(),
        digest,
        signature: z.looseObject({ algorithm: z.string(), mediaType: z.string(), value: z.string() }),
      }),
    )
    .optional(),
})

const linesMax = 8

/** Throws a UserError that names every member that is wrong. `where` is the file or reference it came from. */
export function checkDescriptor(value: unknown, where: string): ComponentDescriptor {
  const parsed = descriptorV2.safeParse(value)
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
    throw descriptorError(where, lines)
  }
  const descriptor = JSON.parse(JSON.stringify(parsed.data)) as ComponentDescriptor
  const problems = contradictions(descriptor.component)
  if (problems.length > 0) throw descriptorError(where, problems)
  return descriptor
}

export const readDescriptor = (text: string, where: string): ComponentDescriptor =>
  checkDescriptor(readYamlDocument(text, where), where)

/** Members in byte order, as OCM's own library writes it. */
export const writeDescriptor = (descriptor: ComponentDescriptor): string =>
  writeYaml(sortedMembers(descriptor))

/** What the schema cannot say. */
function contradictions(component: Component): readonly string[] {
  const found: string[] = []
  for (const [index, { name, relation, version: own, access: place }] of component.resources.entries()) {
    const path = `component.resources.${index}`
    if (relation === 'local' && own !== component.version) {
      found.push(
        `${path}.version: the local resource "${name}" has ${own}, and its component ${component.version}`,
      )
    }
    if (isLocalBlob(place) && typeof place['localReference'] !== 'string') {
      found.push(`${path}.access.localReference: the local blob of "${name}" is not named`)
    }
  }
  return [
    ...found,
    ...twice('resources', component.resources),
    ...twice('sources', component.sources),
    ...twice('componentReferences', component.componentReferences),
  ]
}

/** OCM: an element is found by its name, extra identity and version together. */
function twice(listName: string, elements: readonly Element[]): readonly string[] {
  const seen = new Set<string>()
  return elements.flatMap(({ name, version: own, extraIdentity }, index) => {
    const identity = JSON.stringify([name, own, sortedMembers(extraIdentity ?? {})])
    if (seen.has(identity)) return [`component.${listName}.${index}: "${name}" ${own} is there twice`]
    seen.add(identity)
    return []
  })
}

function descriptorError(where: string, lines: readonly string[]): UserError {
  const rest = lines.length > linesMax ? `\n… and ${lines.length - linesMax} more` : ''
  return new UserError(
    'OCM_DESCRIPTOR',
    `The component descriptor of ${where} is not right:\n${lines.slice(0, linesMax).join('\n')}${rest}`,
    { hint: 'It has to be an OCM component descriptor, schema version v2.' },
  )
}
