import { z } from 'zod'
import { alternatives } from './inspect.ts'

/** The keys that maps of these schemas know; undefined when any key may be written. */
export function knownKeys(schemas: readonly z.core.$ZodType[]): readonly string[] | undefined {
  const keys = new Set<string>()
  for (const schema of schemas.flatMap(alternatives)) {
    if (schema instanceof z.ZodObject) {
      const { catchall } = schema.def
      if (catchall !== undefined && !(catchall instanceof z.ZodNever)) return undefined
      for (const key of Object.keys(schema.shape)) keys.add(key)
    } else if (!isScalarSchema(schema)) return undefined
  }
  return keys.size === 0 ? undefined : [...keys]
}

export function requiredKeys(schema: z.core.$ZodType): readonly string[] {
  const required = z.globalRegistry.get(schema)?.['required']
  return Array.isArray(required) ? required.filter((key) => typeof key === 'string') : []
}

const isScalarSchema = (schema: z.core.$ZodType): boolean =>
  schema instanceof z.ZodString ||
  schema instanceof z.ZodNumber ||
  schema instanceof z.ZodBoolean ||
  schema instanceof z.ZodEnum ||
  schema instanceof z.ZodLiteral ||
  schema instanceof z.ZodArray

export const valuesOf = (schemas: readonly z.core.$ZodType[]): readonly string[] =>
  schemas.flatMap((schema) => {
    if (schema instanceof z.ZodEnum) return schema.options.map(String)
    return schema instanceof z.ZodLiteral ? [...schema.values].map(String) : []
  })
