import { z } from 'zod'
import type { ResumableAlgorithm } from '../../lib/resumable-hash.ts'

const natural = z.number().int().min(0)
const perAlgorithm = z.strictObject({
  md5: z.string().optional(),
  sha1: z.string().optional(),
  sha256: z.string().optional(),
  sha512: z.string().optional(),
})

/** Hex digests, or base64 states, by algorithm. */
export type PerAlgorithm = { readonly [algorithm in ResumableAlgorithm]?: string | undefined }

/** The part that is never touched again, from the beginning up to the tail. */
const sealed = z.strictObject({
  sizeBytes: natural,
  /** States of the digests at its end. */
  states: perAlgorithm,
})

const body = { sizeBytes: natural, digests: perAlgorithm }

const formSchema = z.strictObject({
  ...body,
  path: z.string(),
  sealed: sealed.extend({
    /** Of xz: unpadded and uncompressed size of each sealed block, which its index repeats. */
    table: z.array(z.tuple([natural, natural])).optional(),
  }),
})

/** What is kept of an index so that it can be extended without being read: kilobytes, whatever its size. */
export const indexStateSchema = z.strictObject({
  /** Fragments in it. */
  count: natural,
  plain: z.strictObject({ ...body, sealed }),
  forms: z.strictObject({
    gzip: formSchema.optional(),
    zstd: formSchema.optional(),
    xz: formSchema.optional(),
  }),
})
export type IndexState = z.output<typeof indexStateSchema>
export type FormState = z.output<typeof formSchema>
export type FormKind = keyof IndexState['forms']

export const formKinds = ['gzip', 'zstd', 'xz'] as const satisfies readonly FormKind[]

/** The state does not fit what is stored: something else wrote it, or it is damaged. The index has to be read. */
export class IndexStateError extends Error {
  override readonly name = 'IndexStateError'
}
