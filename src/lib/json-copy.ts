import type { JsonObject } from './json.ts'

/** The value as it will be stored: members that are undefined are gone, and nothing is shared with the original. */
export function jsonObject(value: object): JsonObject {
  const copy: unknown = JSON.parse(JSON.stringify(value))
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) {
    throw new Error('An object that is not a list keeps being one as JSON')
  }
  // JSON.parse gives nothing else.
  return copy as JsonObject
}
