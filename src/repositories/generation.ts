import { z } from 'zod'
import { UserError } from '../errors.ts'
import { digestOf, hexOf } from '../lib/digest.ts'
import type { Storage } from '../storage/storage.ts'
import { indexStateSchema } from './append/index-state.ts'
import { lookupRootSchema } from './lookup/lookup-root.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** Why a generation was made, and for whom. No clock and no machine: the same release gives the same record. */
const causeSchema = z.strictObject({
  kind: z.enum(['init', 'publish', 'adopt', 'copy', 'remove', 'rollback', 'refresh']),
  project: z.string().optional(),
  version: z.string().optional(),
  commit: z.string().optional(),
  /** Of a rollback: the sequence number that it went back to. */
  to: z.number().int().optional(),
  /** Of a copy: where the packages came from. */
  from: z.string().optional(),
})
export type Cause = z.output<typeof causeSchema>

const changedPackage = z.strictObject({ path: z.string(), sha256: z.string() })

/**
 * The immutable record of one state of a repository. The entry file names it by digest, so that the signature of the
 * entry covers it, and through `previous` all of the history.
 */
const generationSchema = z.strictObject({
  schema: z.literal(1),
  sequence: z.number().int().min(1),
  /** The record before; null for the first. */
  previous: z.strictObject({ sequence: z.number().int().min(1), sha256 }).nullable(),
  date: z.iso.datetime(),
  cause: causeSchema,
  /** At most `changesMax` of them; the lookup tables of two generations tell the rest. */
  added: z.array(changedPackage),
  removed: z.array(changedPackage),
  addedCount: z.number().int().min(0),
  removedCount: z.number().int().min(0),
  indexes: z.record(z.string(), indexStateSchema),
  /** Sets of indexes that list a package; the lookup table holds their numbers. */
  sets: z.array(z.array(z.string())),
  lookup: lookupRootSchema,
})
export type Generation = z.output<typeof generationSchema>

/** How many changes a record names one by one. */
export const changesMax = 1000

/** How an entry file names its generation. */
export interface GenerationRef {
  readonly sequence: number
  /** Hex, of the record's bytes. */
  readonly sha256: string
}

export interface WrittenGeneration {
  readonly ref: GenerationRef
  readonly path: string
  readonly bytes: Uint8Array
}

export const recordsFolder = (folder: string): string => `.hawser/${folder}/generations/`
export const packsFolder = (folder: string): string => `.hawser/${folder}/lookup/`
export const latestPath = (folder: string): string => `.hawser/${folder}/latest.json`

export const recordPath = (folder: string, { sequence, sha256: digest }: GenerationRef): string =>
  `${recordsFolder(folder)}${String(sequence).padStart(8, '0')}-${digest}.json`

export const packPath = (folder: string, pack: string): string => `${packsFolder(folder)}${pack}`

export function writeGeneration(folder: string, generation: Generation): WrittenGeneration {
  const bytes = Buffer.from(`${JSON.stringify(generation)}\n`)
  const ref = { sequence: generation.sequence, sha256: hexOf(digestOf(bytes)) }
  return { ref, path: recordPath(folder, ref), bytes }
}

/** Undefined: the record is not there, or is not what the entry names. It can be made again from the indexes. */
export async function readGeneration(
  storage: Storage,
  folder: string,
  ref: GenerationRef,
  signal?: AbortSignal,
): Promise<Generation | undefined> {
  const stored = await storage.get(recordPath(folder, ref), { signal })
  if (stored === undefined || stored.sizeBytes > recordSizeMax) return undefined
  const bytes = await stored.bytes()
  if (hexOf(digestOf(bytes)) !== ref.sha256) return undefined
  const parsed = generationSchema.safeParse(jsonOf(bytes))
  // Signed by us and yet not understood: a later Hawser wrote it, and may mean something that we would break.
  if (!parsed.success || parsed.data.sequence !== ref.sequence) throw newerError(recordPath(folder, ref))
  return parsed.data
}

const recordSizeMax = 64 << 20

const newerError = (path: string): UserError =>
  new UserError('REPOSITORY_GENERATION', `The record ${path} is of a kind that this Hawser does not know.`, {
    hint: 'A newer Hawser published to this repository. Use that version, or a later one.',
  })

const latestSchema = z.object({ sequence: z.number().int().min(1), sha256 })

/** What was published last, as far as anybody noted it: a hint that shows when somebody put an older entry back. */
export async function readLatest(
  storage: Storage,
  folder: string,
  signal?: AbortSignal,
): Promise<GenerationRef | undefined> {
  const stored = await storage.get(latestPath(folder), { signal })
  if (stored === undefined || stored.sizeBytes > 4096) return undefined
  const parsed = latestSchema.safeParse(jsonOf(await stored.bytes()))
  return parsed.success ? parsed.data : undefined
}

export const renderLatest = ({ sequence, sha256: digest }: GenerationRef): Uint8Array =>
  Buffer.from(`${JSON.stringify({ sequence, sha256: digest })}\n`)

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
