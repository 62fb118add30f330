import { z } from 'zod'
import { type Digest, digestOfJson, isDigest } from '../lib/digest.ts'
import type { Json } from '../lib/json.ts'
import { mapLimited } from '../lib/limit.ts'
import type { FetchedSource, SourceContext } from './source.ts'

const digest = z.string().refine((text): text is Digest => isDigest(text))
const record = z.object({
  digest,
  files: z.array(
    z.object({
      path: z.string(),
      mode: z.number().int(),
      digest,
      sizeBytes: z.number().int(),
      target: z.string().exactOptional(),
    }),
  ),
})

/** What was fetched for the pin before, when all of it is still there and right. */
export async function peekPinned(
  pin: string,
  context: SourceContext,
  signal: AbortSignal,
): Promise<FetchedSource | undefined> {
  const known = record.safeParse(await context.store.getRecord(recordKey(pin)))
  return known.success && (await isWhole(known.data, context, signal)) ? known.data : undefined
}

/** Fetches once per pin: later it needs no network, but every stored file is checked again, and healed by a new fetch. */
export async function fetchPinned(
  pin: string,
  context: SourceContext,
  signal: AbortSignal,
  fetchNow: () => Promise<FetchedSource>,
): Promise<FetchedSource> {
  const known = await peekPinned(pin, context, signal)
  if (known !== undefined) return known
  const fetched = await fetchNow()
  await context.store.putRecord(recordKey(pin), asJson(fetched))
  return fetched
}

/** The number rises when the same pin is to give another tree, for example after a change of mode rules. */
const recordKey = (pin: string) => digestOfJson({ record: 'source', version: 1, pin })

async function isWhole(
  source: FetchedSource,
  { store }: SourceContext,
  signal: AbortSignal,
): Promise<boolean> {
  const files = source.files.filter((file) => file.target === undefined)
  const present = await mapLimited(files, 4, (file) => store.has(file.digest), signal)
  return present.every((isPresent) => isPresent)
}

function asJson({ digest, files }: FetchedSource): Json {
  return { digest, files: files.map((file) => ({ ...file })) }
}
