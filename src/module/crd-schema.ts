import type { Json, JsonObject } from '../lib/json.ts'
import { isObject } from './manifest-images.ts'

/**
 * Kubernetes' structural schemas (OpenAPI 3.0 with x-kubernetes-*) as JSON Schema. `nullable` and
 * `x-kubernetes-int-or-string` get their meaning in types; rules in CEL are the cluster's to check.
 */
export function structuralSchema(schema: JsonObject): JsonObject {
  const out: { [key: string]: Json } = {}
  for (const [key, value] of Object.entries(schema)) {
    const own = convertMember(key, value)
    if (own !== undefined) out[key] = own
  }
  if (schema['x-kubernetes-int-or-string'] === true) out['type'] = ['integer', 'string']
  if (schema['nullable'] === true && out['type'] !== undefined) {
    out['type'] = [...(Array.isArray(out['type']) ? out['type'] : [out['type']]), 'null']
    if (Array.isArray(out['enum'])) out['enum'] = [...out['enum'], null]
  }
  // OpenAPI 3.0: a truth value beside the bound. JSON Schema: the bound itself.
  for (const [flag, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (schema[flag] === true && schema[bound] !== undefined) out[flag] = schema[bound]
    else delete out[flag]
  }
  return out
}

function convertMember(key: string, value: Json): Json | undefined {
  if (key.startsWith('x-kubernetes-') || dropped.has(key)) return undefined
  if (schemaMaps.has(key) && isObject(value)) return mapValues(value)
  if (schemaLists.has(key) && Array.isArray(value)) {
    return value.map((item) => (isObject(item) ? structuralSchema(item) : item))
  }
  if (schemas.has(key) && isObject(value)) return structuralSchema(value)
  return value
}

const dropped: ReadonlySet<string> = new Set([
  'nullable',
  'default',
  'example',
  'description',
  'title',
  'externalDocs',
])
const schemaMaps: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'definitions'])
const schemaLists: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf'])
const schemas: ReadonlySet<string> = new Set(['items', 'additionalProperties', 'not'])

const mapValues = (map: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(map).map(([name, value]) => [name, isObject(value) ? structuralSchema(value) : value]),
  )

/** What a cluster prunes: fields that a structural schema does not name. Paths such as `spec.size`. */
export function unknownFields(value: Json | undefined, schema: JsonObject, path = ''): readonly string[] {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return []
  if (Array.isArray(value)) {
    const items = schema['items']
    if (!isObject(items)) return []
    return value.flatMap((item, index) => unknownFields(item, items, `${path}[${index}]`))
  }
  if (!isObject(value)) return []
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const additional = schema['additionalProperties']
  return Object.entries(value).flatMap(([name, member]) => {
    const here = path === '' ? name : `${path}.${name}`
    if ((path === '' || schema['x-kubernetes-embedded-resource'] === true) && always.has(name)) return []
    const known = properties[name]
    if (isObject(known)) return unknownFields(member, known, here)
    if (isObject(additional)) return unknownFields(member, additional, here)
    return additional === true ? [] : [here]
  })
}

/** Every resource has these, whatever its schema says. */
const always: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])
