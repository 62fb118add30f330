import { z } from 'zod'
import type { Path } from '../finding.ts'

/** The schema without what only says "may be absent" or "is then": what the reader has to write. */
export function bare(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodCatch
  ) {
    return bare(schema.def.innerType)
  }
  if (schema instanceof z.ZodPipe) {
    // z.preprocess is a pipe that starts with a transformation: what is written is what comes after it.
    return bare(schema.def.in instanceof z.ZodTransform ? schema.def.out : schema.def.in)
  }
  if (schema instanceof z.ZodLazy) return bare(schema.def.getter())
  return schema
}

/** The alternatives of a schema; itself when it is none. */
export function alternatives(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const inner = bare(schema)
  if (inner instanceof z.ZodUnion) return inner.def.options.flatMap(alternatives)
  return [inner]
}

/** The schemas that apply at a path; several when unions leave it open. */
export function schemasAt(schema: z.core.$ZodType, path: Path): readonly z.core.$ZodType[] {
  let current = alternatives(schema)
  for (const part of path) current = current.flatMap((one) => childrenOf(one, part).flatMap(alternatives))
  return current
}

function childrenOf(schema: z.core.$ZodType, part: string | number): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) {
    const member = Object.hasOwn(schema.shape, part) ? schema.shape[part] : schema.def.catchall
    return member === undefined ? [] : [member]
  }
  if (schema instanceof z.ZodRecord) return [schema.def.valueType]
  if (schema instanceof z.ZodArray) return [schema.element]
  if (schema instanceof z.ZodTuple && typeof part === 'number') return schema.def.items.slice(part, part + 1)
  return []
}

/** What can be written for it, in words: "a text", "a number", "one of a, b". */
export function expectationOf(schemas: readonly z.core.$ZodType[]): string {
  const words = schemas.flatMap((schema) => {
    const word = wordOf(schema)
    return word === undefined ? [] : [word]
  })
  return listText([...new Set(words)], 'or')
}

function wordOf(schema: z.core.$ZodType): string | undefined {
  if (schema instanceof z.ZodEnum) return oneOf(schema.options.map(String))
  if (schema instanceof z.ZodLiteral) return oneOf([...schema.values].map(String))
  if (schema instanceof z.ZodBoolean) return 'true or false'
  if (schema instanceof z.ZodNumber) return schema.isInt ? 'a whole number' : 'a number'
  if (schema instanceof z.ZodArray || schema instanceof z.ZodTuple) return 'a list'
  if (schema instanceof z.ZodObject || schema instanceof z.ZodRecord) return 'a map of keys'
  if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat) return 'a text'
  return undefined
}

const oneOf = (values: readonly string[]): string =>
  values.length === 1 ? `"${values[0]}"` : `one of ${values.join(', ')}`

/** "a", "a or b", "a, b or c". */
export function listText(items: readonly string[], word: 'or' | 'and'): string {
  if (items.length <= 1) return items.join('')
  return `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`
}

export const descriptionOf = (schemas: readonly z.core.$ZodType[]): string => {
  for (const schema of schemas) {
    const description = z.globalRegistry.get(schema)?.description
    if (description !== undefined) return description
  }
  return ''
}

/** As `schemasAt`, with the wrappers, whose descriptions win over those of what is inside. */
export function descriptionAt(schema: z.core.$ZodType, path: Path): string {
  const last = path.at(-1)
  if (last === undefined) return ''
  const outer = schemasAt(schema, path.slice(0, -1)).flatMap((one) => childrenOf(one, last))
  return descriptionOf(outer) || descriptionOf(outer.flatMap(unwrapped))
}

function unwrapped(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const inner = bare(schema)
  return inner === schema ? [] : [inner]
}
