import type { ByteStream } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'

/** Whole records (paragraphs, lines) of a stream, as they came in one piece. */
export interface Block {
  readonly bytes: Buffer
  /** The same as Latin-1: one character for each byte, and much faster to search. */
  readonly text: string
  /** Nothing comes after it. */
  readonly isLast: boolean
}

// No paragraph of a package is near this; a foreign index without line ends must not fill the memory.
const recordSizeMax = 16 << 20

/**
 * Gives a stream in blocks to `take`, which answers how many bytes it has used; the rest comes again, with more behind it.
 * The last block comes in any case, perhaps empty.
 */
export async function* inBlocks<Item>(
  stream: ByteStream,
  where: string,
  take: (block: Block, items: Item[]) => number,
): AsyncGenerator<Item> {
  let rest: Uint8Array = new Uint8Array(0)
  const items: Item[] = []
  for await (const chunk of stream) {
    // A copy in any case: what is taken from it must outlive the chunk.
    const bytes = Buffer.concat([rest, chunk])
    const used = take({ bytes, text: bytes.toString('latin1'), isLast: false }, items)
    rest = bytes.subarray(used)
    if (rest.length > recordSizeMax) throw tooLong(where)
    yield* items
    items.length = 0
  }
  const bytes = Buffer.from(rest)
  take({ bytes, text: bytes.toString('latin1'), isLast: true }, items)
  yield* items
}

const tooLong = (where: string): UserError =>
  new UserError('APT_INDEX_RECORD', `${where} has a record of more than ${recordSizeMax} bytes.`, {
    hint: 'This is no index that apt could use. Publish it again with the tool that wrote it.',
  })
