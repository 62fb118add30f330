import { z } from 'zod'
import { isJsonObject } from './json-object.ts'
import type { ConfigKinds } from './kinds.ts'
import { configSchema } from './schema/config-schema.ts'

export type JsonSchema = { [key: string]: JsonSchemaValue }
type JsonSchemaValue = null | boolean | number | string | JsonSchemaValue[] | JsonSchema

/** The JSON Schema of `hawser.yaml` for editors: draft 7, which yaml-language-server reads best. */
export function configJsonSchema(kinds: ConfigKinds): JsonSchema {
  const schema: unknown = z.toJSONSchema(configSchema(kinds), {
    target: 'draft-7',
    io: 'input',
    // What only code can check is checked by `hawser check`.
    unrepresentable: 'any',
  })
  // A copy without undefined members and without sharing.
  const copy: unknown = JSON.parse(JSON.stringify(schema))
  if (!isSchema(copy)) throw new Error('zod makes an object of an object schema')
  adapt(copy)
  return copy
}

const isSchema = (value: unknown): value is JsonSchema => isJsonObject(value)

/** Says what the file may say beyond zod's types: numbers for texts, references for patterns; and no unknown keys. */
function adapt(schema: JsonSchema): void {
  const { editorTypes, pattern, properties, maximum, propertyNames, ...children } = schema
  if (editorTypes !== undefined) {
    schema['type'] = editorTypes
    delete schema['editorTypes']
  }
  if (typeof pattern === 'string') schema['pattern'] = `(?:${pattern})|\\$\\{`
  if (maximum === Number.MAX_SAFE_INTEGER) delete schema['maximum']
  // zod strips keys that an object does not know; people hear of them (validate.ts).
  if (isSchema(properties)) {
    schema['additionalProperties'] ??= false
    for (const property of Object.values(properties)) adaptAny(property)
  }
  for (const [key, child] of Object.entries(children)) if (!isData.has(key)) adaptAny(child)
}

/** Members that hold values, not schemas. */
const isData = new Set(['default', 'examples', 'enum', 'const', 'required', 'type'])

function adaptAny(child: JsonSchemaValue): void {
  if (Array.isArray(child)) for (const one of child) adaptAny(one)
  else if (isSchema(child)) adapt(child)
}

/** A member that is a schema or a map of schemas. */
export function schemaMember(schema: JsonSchema, key: string): JsonSchema | undefined {
  const member = schema[key]
  return isSchema(member) ? member : undefined
}
