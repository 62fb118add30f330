import { z } from 'zod'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const natural = z.number().int().min(0)

/** Where a node is, and what it is. The digest covers its content and that of everything below, not the places. */
const nodeRefSchema = z.strictObject({
  /** SHA-256 of the pack that holds it, which is its name. */
  pack: sha256,
  offset: natural,
  length: natural,
  sha256,
  /** Records in and below it. */
  count: natural,
})
export type NodeRef = z.output<typeof nodeRefSchema>

/** The root of a table; null: it is empty. */
export const lookupRootSchema = nodeRefSchema.nullable()
export type LookupRoot = z.output<typeof lookupRootSchema>
export const emptyRoot: LookupRoot = null
