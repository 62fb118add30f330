import { z } from 'zod'
import { UserError } from '../errors.ts'
import type { Json, JsonObject } from '../lib/json.ts'
import { type ComponentDescriptor, checkDescriptor, type Label } from './component-descriptor.ts'
import { sortedMembers, writeYaml } from './yaml-text.ts'

/** Open Component Model, component descriptor v3: the same content in the shape of a Kubernetes object. */
export interface ComponentDescriptorV3 {
  readonly apiVersion: 'ocm.software/v3alpha1'
  readonly kind: 'ComponentVersion'
  readonly metadata: {
    readonly name: string
    readonly version: string
    readonly provider: { readonly name: string; readonly labels?: readonly Label[] }
    readonly labels?: readonly Label[]
    readonly creationTime?: string
  }
  readonly repositoryContexts?: ComponentDescriptor['component']['repositoryContexts']
  readonly spec: {
    readonly resources?: ComponentDescriptor['component']['resources']
    readonly sources?: ComponentDescriptor['component']['sources']
    readonly references?: ComponentDescriptor['component']['componentReferences']
  }
  readonly signatures?: ComponentDescriptor['signatures']
}

export function toV3({ component, signatures }: ComponentDescriptor): ComponentDescriptorV3 {
  const { name, version, provider, labels, creationTime } = component
  return {
    apiVersion: 'ocm.software/v3alpha1',
    kind: 'ComponentVersion',
    metadata: {
      name,
      version,
      provider: providerObject(provider),
      ...(labels !== undefined && { labels }),
      ...(creationTime !== undefined && { creationTime }),
    },
    repositoryContexts: component.repositoryContexts,
    spec: {
      resources: component.resources,
      sources: component.sources,
      references: component.componentReferences,
    },
    ...(signatures !== undefined && { signatures }),
  }
}

const shape = z.looseObject({
  apiVersion: z.enum(['ocm.software/v3alpha1']),
  kind: z.literal('ComponentVersion'),
  metadata: z.looseObject({ provider: z.looseObject({ name: z.string() }) }),
  repositoryContexts: z.array(z.json()).nullish(),
  spec: z.looseObject({
    resources: z.array(z.json()).nullish(),
    sources: z.array(z.json()).nullish(),
    references: z.array(z.json()).nullish(),
  }),
  signatures: z.array(z.json()).nullish(),
})

/** Checked by the rules of v2, which has the same content. */
export function fromV3(value: JsonObject, where: string): ComponentDescriptor {
  const parsed = shape.safeParse(value)
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
    throw new UserError(
      'OCM_DESCRIPTOR',
      `The component descriptor of ${where} is not right:\n${lines.join('\n')}`,
      {
        hint: 'It has to be an OCM component descriptor, schema version v3alpha1.',
      },
    )
  }
  const { metadata, repositoryContexts, spec, signatures } = parsed.data
  const { provider, ...own } = metadata
  return checkDescriptor(
    {
      meta: { schemaVersion: 'v2' },
      component: {
        ...own,
        provider: providerText(provider),
        repositoryContexts: repositoryContexts ?? [],
        sources: spec.sources ?? [],
        componentReferences: spec.references ?? [],
        resources: spec.resources ?? [],
      },
      ...(signatures && { signatures }),
    },
    where,
  )
}

export const writeDescriptorV3 = (descriptor: ComponentDescriptor): string =>
  writeYaml(sortedMembers(toV3(descriptor)))

interface Provider {
  readonly name: string
  readonly labels?: readonly Label[]
}

const provider = z.looseObject({ name: z.string(), labels: z.array(z.json()).optional() })

/** v2 holds a name, or JSON of an object in a string. */
export function providerObject(text: string): Provider {
  if (!text.trimStart().startsWith('{')) return { name: text }
  try {
    return provider.parse(JSON.parse(text)) as unknown as Provider
  } catch (cause) {
    throw new UserError(
      'OCM_DESCRIPTOR',
      `The provider ${JSON.stringify(text)} is no name and no JSON of a provider.`,
      {
        hint: 'Write a name, or {"name": …, "labels": […]}.',
        cause,
      },
    )
  }
}

/** Members in the order of Go's structure. */
function providerText(found: { readonly name: string; readonly labels?: Json }): string {
  if (found.labels === undefined) return found.name
  return JSON.stringify({ name: found.name, labels: found.labels })
}
