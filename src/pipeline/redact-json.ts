import type { Json } from '../lib/json.ts'

/** Masks secrets in every string of a value, member names included. */
export function redactJson(value: Json, redact: (text: string) => string): Json {
  if (typeof value === 'string') return redact(value)
  if (value === null || typeof value !== 'object') return value
  if (isList(value)) return value.map((item) => redactJson(item, redact))
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [redact(key), redactJson(member, redact)]),
  )
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
