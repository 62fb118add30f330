import type { ErrorObject } from 'ajv'
import { UserError } from '../errors.ts'
import type { Json, JsonObject } from '../lib/json.ts'
import { structuralSchema, unknownFields } from './crd-schema.ts'
import type { ModuleFinding } from './finding.ts'
import { at, isObject, objects } from './manifest-images.ts'
import type { YamlDocument } from './yaml-text.ts'

export interface CheckedDefaultCr {
  readonly isClusterScoped: boolean
  readonly findings: readonly ModuleFinding[]
}

/**
 * The default custom resource has to be one that a cluster takes once the manifest is applied: its CRD is in the
 * manifest, its version is served, and its fields are of the schema's types. Fields that the cluster would drop are findings.
 */
export async function checkDefaultCr(
  resource: JsonObject,
  manifest: readonly YamlDocument[],
  where: string,
): Promise<CheckedDefaultCr> {
  const crd = findCrd(resource, manifest, where)
  const spec = at(crd, ['spec']) ?? {}
  const isClusterScoped = spec['scope'] === 'Cluster'
  const schema = servedSchema(resource, spec, where)
  if (schema === undefined) return { isClusterScoped, findings: [] }
  const { Ajv } = await import('ajv')
  const validate = new Ajv({ allErrors: true, strict: false, validateFormats: false, logger: false }).compile(
    structuralSchema(schema),
  )
  if (!validate(resource)) throw schemaError(where, crd, validate.errors ?? [])
  const dropped = unknownFields(resource, schema)
  const findings = dropped.map((path) => ({
    code: 'DEFAULT_CR_UNKNOWN_FIELD',
    text: `${where} has the field ${path}, which is not in the schema of ${nameOf(crd)}: the cluster drops it.`,
  }))
  return { isClusterScoped, findings }
}

function findCrd(resource: JsonObject, manifest: readonly YamlDocument[], where: string): JsonObject {
  const { group, kind } = typeOf(resource, where)
  const crds = manifest.filter(({ value }) => value['kind'] === 'CustomResourceDefinition')
  const found = crds.find(({ value }) => {
    const spec = at(value, ['spec'])
    return spec?.['group'] === group && at(spec, ['names'])?.['kind'] === kind
  })
  if (found !== undefined) return found.value
  const known = crds.map(({ value }) => nameOf(value))
  throw new UserError(
    'DEFAULT_CR',
    `${where} is a ${kind} of ${group}, and the manifest has no CustomResourceDefinition for it.`,
    {
      hint:
        known.length === 0
          ? 'The manifest has none at all. Add the definition to it.'
          : `The manifest defines: ${known.join(', ')}.`,
    },
  )
}

function typeOf(resource: JsonObject, where: string): { readonly group: string; readonly kind: string } {
  const { apiVersion, kind } = resource
  const name = at(resource, ['metadata'])?.['name']
  if (typeof apiVersion !== 'string' || !apiVersion.includes('/') || typeof kind !== 'string') {
    throw new UserError('DEFAULT_CR', `${where} has no apiVersion with a group, or no kind.`, {
      hint: 'Write apiVersion as "group/version", and the kind of the custom resource.',
    })
  }
  if (typeof name !== 'string' || name === '') {
    throw new UserError('DEFAULT_CR', `${where} has no metadata.name.`, {
      hint: 'Name the resource; the cluster refuses it without.',
    })
  }
  return { group: apiVersion.slice(0, apiVersion.indexOf('/')), kind }
}

function servedSchema(resource: JsonObject, spec: JsonObject, where: string): JsonObject | undefined {
  const wanted = String(resource['apiVersion']).split('/')[1]
  const served = objects(spec['versions']).filter((version) => version['served'] === true)
  const found = served.find((version) => version['name'] === wanted)
  if (found === undefined) {
    throw new UserError(
      'DEFAULT_CR',
      `${where} is of the version "${wanted}", which its definition does not serve.`,
      { hint: `It serves: ${served.map((version) => String(version['name'])).join(', ') || 'none'}.` },
    )
  }
  return at(found, ['schema', 'openAPIV3Schema'])
}

function schemaError(where: string, crd: JsonObject, errors: readonly ErrorObject[]): UserError {
  const lines = errors.slice(0, 8).map(({ instancePath, message, params }) => {
    const path = instancePath.replaceAll('/', '.').replace(/^\./, '') || 'it'
    const allowed = (params as { readonly allowedValues?: Json })['allowedValues']
    return `${path} ${message}${Array.isArray(allowed) ? `: ${allowed.map(String).join(', ')}` : ''}`
  })
  return new UserError(
    'DEFAULT_CR',
    `${where} is not what ${nameOf(crd)} in the manifest asks for:\n${lines.join('\n')}`,
    { hint: 'The cluster would refuse it. Correct the resource or the definition.' },
  )
}

const nameOf = (object: JsonObject): string => {
  const metadata = object['metadata']
  return isObject(metadata) && typeof metadata['name'] === 'string'
    ? metadata['name']
    : 'a nameless definition'
}
